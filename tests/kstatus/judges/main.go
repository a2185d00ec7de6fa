// Command judges says of Kubernetes objects what tools make of their status, by the code that
// those tools run: kstatus, Flux' health check expressions and Argo CD's health checks in Lua.
//
// It reads JSON lines from standard input: first the checks, then objects. For each object it
// writes one line with the verdicts.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

const longestLine = 1 << 22

// checks are the health checks by kind.
type checks struct {
	Argo map[string]string                           `json:"argo"`
	Flux map[string]kustomize.HealthCheckExpressions `json:"flux"`
}

// verdict is what each tool says. An error begins with "error: ".
type verdict struct {
	Kstatus     string `json:"kstatus"`
	Flux        string `json:"flux"`
	Argo        string `json:"argo"`
	ArgoMessage string `json:"argoMessage"`
}

func main() {
	log.SetFlags(0)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, longestLine)
	known := readChecks(lines)
	evaluators := evaluatorsOf(known)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		object := &unstructured.Unstructured{}
		fatal(object.UnmarshalJSON(lines.Bytes()))
		fatal(out.Encode(judge(object, evaluators[object.GetKind()], known.Argo[object.GetKind()])))
	}
	fatal(lines.Err())
}

func readChecks(lines *bufio.Scanner) checks {
	var known checks
	if !lines.Scan() {
		log.Fatal("the first line must hold the checks")
	}
	fatal(json.Unmarshal(lines.Bytes(), &known))
	return known
}

func evaluatorsOf(known checks) map[string]*cel.StatusEvaluator {
	evaluators := map[string]*cel.StatusEvaluator{}
	for kind, expressions := range known.Flux {
		evaluator, err := cel.NewStatusEvaluator(&expressions)
		fatal(err)
		evaluators[kind] = evaluator
	}
	return evaluators
}

func judge(object *unstructured.Unstructured, flux *cel.StatusEvaluator, argo string) verdict {
	var said verdict
	said.Kstatus = word(status.Compute(object))
	if flux != nil {
		result, err := flux.Evaluate(context.Background(), object)
		if err != nil {
			said.Flux = "error: " + err.Error()
		} else {
			said.Flux = string(result.Status)
		}
	}
	if argo != "" {
		said.Argo, said.ArgoMessage = health(argo, object.Object)
	}
	return said
}

func word(result *status.Result, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return string(result.Status)
}

// health runs a script as Argo CD does: with the base and the table library alone.
func health(script string, object map[string]any) (string, string) {
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable,
	} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", asLua(state, object))
	if err := state.DoString(script); err != nil {
		return "error: " + err.Error(), ""
	}
	answer, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		return fmt.Sprintf("error: the script returned a %s", state.Get(-1).Type()), ""
	}
	return lua.LVAsString(answer.RawGetString("status")),
		lua.LVAsString(answer.RawGetString("message"))
}

func asLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case string:
		return lua.LString(value)
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(asLua(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for key, item := range value {
			table.RawSetString(key, asLua(state, item))
		}
		return table
	}
	return lua.LNil
}

func fatal(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
