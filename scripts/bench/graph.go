//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// layers is how many layers a layered graph has.
const layers = 100

// predecessors lists the earlier nodes that node i of n refers to: in a layered
// graph two of the layer above, in a chain the one before, in a wide graph none.
func predecessors(shape string, n, i int) []int {
	switch width := max(1, n/layers); {
	case shape == "chain" && i > 0:
		return []int{i - 1}
	case shape == "layered" && i >= width:
		above := (i/width - 1) * width
		both := []int{above + i%width, above + (i%width*7+3)%width}
		slices.Sort(both)
		return slices.Compact(both)
	}
	return nil
}

// shapes are the graphs that can be written.
var shapes = []string{"layered", "chain", "wide"}

// writeGraph writes the graph of n nodes twice: as a blueprint of Orchestrate.Data
// and as an OpenTofu module of terraform_data, its counterpart there.
func writeGraph(shape string, n int, blueprint, module string) error {
	if err := writeFile(filepath.Join(blueprint, "blueprint.yaml"), func(w *bufio.Writer) { writeBlueprint(w, shape, n) }); err != nil {
		return err
	}
	return writeFile(filepath.Join(module, "main.tf"), func(w *bufio.Writer) { writeModule(w, shape, n) })
}

// writeFile writes a file in a folder that is made at need.
func writeFile(path string, write func(*bufio.Writer)) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	write(w)
	err = w.Flush() // tells of every earlier error too
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func writeBlueprint(w *bufio.Writer, shape string, n int) {
	fmt.Fprintf(w, "tosca_definitions_version: cloud_tosca_version_1_0\ndescription: %s graph of %d nodes\n", shape, n)
	fmt.Fprint(w, "inputs:\n  tag:\n    type: string\n    default: v1\nnode_templates:\n")
	for i := range n {
		fmt.Fprintf(w, "  n%d:\n    type: Orchestrate.Data\n    properties:\n      input:\n        - {get_input: tag}\n        - n%d\n", i, i)
		above := predecessors(shape, n, i)
		for _, p := range above {
			fmt.Fprintf(w, "        - {get_attribute: [n%d, output, 1]}\n", p)
		}
		if len(above) > 0 {
			fmt.Fprint(w, "    requirements:\n")
		}
		for _, p := range above {
			fmt.Fprintf(w, "      - dependency:\n          node: n%d\n", p)
		}
	}
	fmt.Fprintf(w, "outputs:\n  last:\n    value: {get_attribute: [n%d, output, 1]}\n", n-1)
}

func writeModule(w *bufio.Writer, shape string, n int) {
	fmt.Fprint(w, "variable \"tag\" {\n  default = \"v1\"\n}\n")
	for i := range n {
		parts := []string{"var.tag", fmt.Sprintf("%q", fmt.Sprintf("n%d", i))}
		for _, p := range predecessors(shape, n, i) {
			parts = append(parts, fmt.Sprintf("terraform_data.n%d.output[1]", p))
		}
		fmt.Fprintf(w, "resource \"terraform_data\" \"n%d\" {\n  input = [%s]\n}\n", i, strings.Join(parts, ", "))
	}
}
