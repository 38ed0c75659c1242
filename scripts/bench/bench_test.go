//go:build unix

package main

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func text(write func(*bufio.Writer)) string {
	var b bytes.Buffer
	w := bufio.NewWriter(&b)
	write(w)
	w.Flush()
	return b.String()
}

func TestGraphs(t *testing.T) {
	blueprint := text(func(w *bufio.Writer) { writeBlueprint(w, "chain", 2) })
	want := `tosca_definitions_version: cloud_tosca_version_1_0
description: chain graph of 2 nodes
inputs:
  tag:
    type: string
    default: v1
node_templates:
  n0:
    type: Orchestrate.Data
    properties:
      input:
        - {get_input: tag}
        - n0
  n1:
    type: Orchestrate.Data
    properties:
      input:
        - {get_input: tag}
        - n1
        - {get_attribute: [n0, output, 1]}
    requirements:
      - dependency:
          node: n0
outputs:
  last:
    value: {get_attribute: [n1, output, 1]}
`
	if diff := cmp.Diff(want, blueprint); diff != "" {
		t.Error(diff)
	}
	module := text(func(w *bufio.Writer) { writeModule(w, "chain", 2) })
	want = `variable "tag" {
  default = "v1"
}
resource "terraform_data" "n0" {
  input = [var.tag, "n0"]
}
resource "terraform_data" "n1" {
  input = [var.tag, "n1", terraform_data.n0.output[1]]
}
`
	if diff := cmp.Diff(want, module); diff != "" {
		t.Error(diff)
	}
}

// TestPredecessors holds graphs to what they are called: every node refers to
// earlier ones only, in a layered graph to two of the layer above.
func TestPredecessors(t *testing.T) {
	edges := map[string]int{}
	for _, shape := range shapes {
		for i := range 1000 {
			for _, p := range predecessors(shape, 1000, i) {
				if p < 0 || p >= i || shape == "layered" && p/10 != i/10-1 {
					t.Errorf("%s: n%d refers to n%d", shape, i, p)
				}
				edges[shape]++
			}
		}
	}
	if diff := cmp.Diff(map[string]int{"chain": 999, "layered": 1980}, edges); diff != "" {
		t.Error(diff)
	}
}

func TestTable(t *testing.T) {
	got := table([]row{
		{1000, "plan", usage{100 * time.Millisecond, 120 * time.Millisecond, 40e6}},
		{1000, "apply", usage{time.Second, time.Second, 50e6}},
		{10_000, "plan", usage{time.Second, 1200 * time.Millisecond, 200e6}},
	})
	want := `| command | nodes | time | CPU time | memory | growth (n log n) |
| --- | --- | --- | --- | --- | --- |
| plan | 1,000 | 0.10 s | 0.12 s | 40 MB |  |
| plan | 10,000 | 1.00 s | 1.20 s | 200 MB | 10.0 (13.3) |
| apply | 1,000 | 1.00 s | 1.00 s | 50 MB |  |
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOptions(t *testing.T) {
	for arg, want := range map[string]string{
		"-sizes=10,x":  `-sizes: "x" is no number of nodes`,
		"-shape=round": `-shape: "round" is none of layered, chain, wide`,
		"-runs=0":      "-runs: it takes at least one run",
	} {
		if _, err := parseOptions([]string{arg}); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

// TestMeasure runs a process that fails and one that doesn't.
func TestMeasure(t *testing.T) {
	u, err := measure(t.Context(), t.TempDir(), "sh", "-c", "exit 0")
	if err != nil || u.wall <= 0 || u.peak < 100_000 {
		t.Errorf("%+v, %v", u, err)
	}
	_, err = measure(t.Context(), t.TempDir(), "sh", "-c", "echo why; exit 3")
	if err == nil || !strings.HasSuffix(err.Error(), "exit status 3\nwhy\n") {
		t.Errorf("%v", err)
	}
}
