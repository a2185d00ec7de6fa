"""What GitOps tools make of a status: kstatus' rules restated, and the tools' own code."""
