package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/editor"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// madeSchemas are those that are made from the catalogue and the blueprint;
// the others are files of the package schemas.
var madeSchemas = []string{"blueprint", "inputs", "part"}

func newSchema(a *app) *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "schema [NAME] [PATH] [options]",
		Short: "Print a JSON Schema, for editors and for checks",
		Long: `Prints the JSON Schema of blueprints, with all node types of the catalogue, so that
an editor with a YAML language server completes, explains and checks blueprints.
Other schemas have names:

  blueprint   blueprints (the default)
  part        files that blueprints import
  inputs      files with values for the inputs of the blueprint at PATH
  settings    orchestrate.yaml
  catalogue   the files in which node types are defined
  ` + strings.Join(resultSchemas(), ", ") + `
              what the commands print as JSON; event is a line of apply --json

Schemas for editors are draft-07, which every YAML language server knows.`,
		Example: examples(
			"orchestrate schema --out blueprint.schema.json",
			"orchestrate schema inputs blueprints/consortium --out inputs.schema.json",
			"orchestrate schema plan",
		),
		Args: cobra.MaximumNArgs(2),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveDefault
			}
			return schemaNames(), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().StringVar(&file, "out", "", "write to this `FILE` instead of standard output")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		text, err := schemaText(c, args)
		if err != nil {
			return err
		}
		if file == "" {
			a.printf("%s", text)
			return nil
		}
		return replaceFile(file, text)
	})
}

// schemaNames lists every schema, sorted.
func schemaNames() []string {
	all := append(slices.Clone(madeSchemas), schemas.Names()...)
	slices.Sort(all)
	return all
}

// resultSchemas are the schemas of what commands print.
func resultSchemas() []string {
	return slices.DeleteFunc(schemas.Names(), func(name string) bool { return name == "settings" || name == "catalogue" })
}

// schemaText returns the schema that the arguments name.
func schemaText(c *cobra.Command, args []string) ([]byte, error) {
	name := "blueprint"
	if len(args) > 0 {
		name = args[0]
	}
	if len(args) > 1 && name != "inputs" {
		return nil, usagef(c, "only the schema inputs is that of a PATH")
	}
	switch name {
	case "blueprint", "part":
		catalogue, err := dsl.LoadCatalogue()
		if err != nil {
			return nil, err
		}
		if name == "part" {
			return encodeSchema(editor.Part(catalogue))
		}
		return encodeSchema(editor.Blueprint(catalogue))
	case "inputs":
		return inputsSchema(pathArg(args[1:]))
	}
	text, err := schemas.Text(name)
	if err != nil {
		hint := " They are: " + strings.Join(schemaNames(), ", ") + "."
		if s := diag.Closest(name, schemaNames()); s != "" {
			hint = fmt.Sprintf(" Did you mean %q?", s)
		}
		return nil, usagef(c, "there is no schema %q.%s", name, hint)
	}
	return text, nil
}

// inputsSchema makes the schema for the inputs of a blueprint. What else is
// wrong with the blueprint does not matter, as long as it can be read.
func inputsSchema(path string) ([]byte, error) {
	src, problems := dsl.Load(path)
	if src == nil {
		return nil, &invalid{diags: problems}
	}
	bp, problems := dsl.Parse(src.File, src.Bytes, nil)
	if bp == nil {
		return nil, &invalid{diags: problems, sources: src.Texts()}
	}
	return encodeSchema(editor.Inputs(bp))
}

// encodeSchema writes a schema with its texts as they are: they are read by
// people too.
func encodeSchema(s editor.Schema) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encode the schema: %w", err)
	}
	return b.Bytes(), nil
}
