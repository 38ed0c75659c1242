package main

import (
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// scriptPipeline runs what a pipeline of GitHub or GitLab runs, where the file
// lies in the tree that the story is in.
func scriptPipeline(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: pipeline FILE")
	}
	doc, diags := dsl.ParseData(args[0], []byte(ts.ReadFile(args[0])))
	ts.Check(diags.Err())
	commands := pipelineCommands(doc)
	if len(commands) == 0 {
		ts.Fatalf("%s runs nothing", args[0])
	}
	for _, line := range commands {
		words := strings.Fields(line)
		if err := ts.Exec(words[0], words[1:]...); err != nil {
			ts.Fatalf("%s: %v", line, err)
		}
	}
}

// pipelineCommands are the command lines of a pipeline, as they stand in it.
func pipelineCommands(v *dsl.Value) []string {
	var out []string
	for _, item := range v.Items {
		out = append(out, pipelineCommands(item)...)
	}
	for _, e := range v.Entries {
		switch e.Key.Text {
		case "run":
			out = append(out, e.Value.Text())
		case "script":
			for _, item := range e.Value.Items {
				out = append(out, item.Text())
			}
		default:
			out = append(out, pipelineCommands(e.Value)...)
		}
	}
	return out
}
