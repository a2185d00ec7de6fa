{{- define "okta-rotator.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 52 | trimSuffix "-" }}
{{- end }}

{{/* Cut so that there is room for the suffixes of other objects. A Service's name has no dots. */}}
{{- define "okta-rotator.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) }}
{{- default $full .Values.fullnameOverride | replace "." "-" | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "okta-rotator.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/name: {{ include "okta-rotator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Of the operator's pods, and no other pods of the release. Never to be changed: they are immutable. */}}
{{- define "okta-rotator.selectorLabels" -}}
app.kubernetes.io/name: {{ include "okta-rotator.name" . }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "okta-rotator.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ default $.Chart.AppVersion .tag }}{{ end }}
{{- end }}
{{- end }}

{{- define "okta-rotator.serviceAccountName" -}}
{{- $made := .Values.serviceAccount.create | ternary (include "okta-rotator.fullname" .) "default" }}
{{- default $made .Values.serviceAccount.name }}
{{- end }}

{{- define "okta-rotator.subjects" -}}
- kind: ServiceAccount
  name: {{ include "okta-rotator.serviceAccountName" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* What the release hook may do, where the operator did its work. */}}
{{- define "okta-rotator.releaseRules" -}}
- apiGroups: [okta-rotator.dev]
  resources: [oktaclientsecretrotations]
  verbs: [list, patch]
{{- end }}

{{- define "okta-rotator.releaseHook" -}}
helm.sh/hook: post-delete
helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/* To take the Lease, and to keep it. Its name cannot limit a create. */}}
{{- define "okta-rotator.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "okta-rotator.fullname" . }}]
  verbs: [get, update]
{{- end }}

{{/* Of a ServiceMonitor and a PodMonitor, which name it alike. */}}
{{- define "okta-rotator.endpoint" -}}
- port: http
  path: /metrics
  # Of metrics about a resource, its own namespace.
  honorLabels: true
  {{- with .interval }}
  interval: {{ . }}
  {{- end }}
  {{- with .scrapeTimeout }}
  scrapeTimeout: {{ . }}
  {{- end }}
  {{- with .relabelings }}
  relabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .metricRelabelings }}
  metricRelabelings:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
