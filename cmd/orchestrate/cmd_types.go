package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

func newTypes(a *app) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "types [TYPE] [options]",
		Short: "Show the node types that blueprints may use",
		Long: `Lists the node types of the catalogue. With a TYPE it shows everything about it:
properties, attributes, what it lives in, what is lost with it, and an example
to copy. TYPE is written with or without the prefix of a dialect, in upper or
lower case.`,
		Example: examples("orchestrate types", "orchestrate types Cloud.BCS.Organization", "orchestrate types vpc.subnet --json"),
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			catalogue, err := dsl.LoadCatalogue()
			if err != nil {
				return nil, cobra.ShellCompDirectiveError
			}
			return catalogue.Written(dsl.DialectC), cobra.ShellCompDirectiveNoFileComp
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return command(c, func(_ context.Context, c *cobra.Command, args []string) error {
		catalogue, err := dsl.LoadCatalogue()
		if err != nil {
			return err
		}
		chosen := catalogue.Names()
		if len(args) == 1 {
			name, err := findType(c, catalogue, args[0])
			if err != nil {
				return err
			}
			chosen = []string{name}
		}
		switch {
		case asJSON:
			return a.typesJSON(catalogue, chosen)
		case len(args) == 1:
			a.showType(catalogue[chosen[0]])
		default:
			a.listTypes(catalogue)
		}
		return nil
	})
}

// findType resolves what the user wrote to a name in the catalogue.
func findType(c *cobra.Command, catalogue dsl.Catalogue, written string) (string, error) {
	bare := written
	for _, d := range []dsl.Dialect{dsl.DialectC, dsl.DialectH} {
		if n := len(d.Prefix); len(written) > n && strings.EqualFold(written[:n], d.Prefix) {
			bare = written[n:]
		}
	}
	names := catalogue.Names()
	for _, name := range names {
		if strings.EqualFold(name, bare) {
			return name, nil
		}
	}
	for _, special := range []string{dsl.TypeStack, dsl.TypeBatch, dsl.TypeExternal} {
		if strings.EqualFold(special, bare) {
			return "", usagef(c, "%s is a part of the language and not of the catalogue: docs/language.md describes it.", written)
		}
	}
	hint := " `orchestrate types` lists them."
	if s := diag.Closest(bare, names); s != "" {
		hint = fmt.Sprintf(" Did you mean %q?", dsl.TypeLabel(s))
	}
	return "", usagef(c, "there is no node type %q.%s", written, hint)
}

// listTypes prints the catalogue, a line a type, service by service.
func (a *app) listTypes(catalogue dsl.Catalogue) {
	var rows [][]string
	for _, name := range catalogue.Names() {
		t := catalogue[name]
		service, _, _ := strings.Cut(name, ".")
		data := "no"
		if t.HoldsData != "" {
			data = "yes"
		}
		rows = append(rows, []string{service, dsl.TypeLabel(name), data, firstSentence(t.Description)})
	}
	writeTable(a.out, []string{"service", "type", "holds data", "description"}, rows)
	a.printf("\nWith huaweicloud_tosca_version_1_0 the names begin with HuaweiCloud. instead of Cloud.\n")
	a.printf("`orchestrate types TYPE` shows the properties and attributes of one.\n")
}

// firstSentence is the part of a description that fits a table.
func firstSentence(text string) string {
	if i := strings.Index(text, ". "); i >= 0 {
		text = text[:i+1]
	}
	return strings.TrimSuffix(text, ".")
}

// typesJSON prints node types in the shape of types.schema.json.
func (a *app) typesJSON(catalogue dsl.Catalogue, chosen []string) error {
	raw, err := schemas.Types()
	if err != nil {
		return err
	}
	list := make([]object, 0, len(chosen))
	for _, name := range chosen {
		one, err := typeJSON(catalogue[name], raw[name])
		if err != nil {
			return fmt.Errorf("read node type %s: %w", name, err)
		}
		list = append(list, one)
	}
	return a.printJSON(object{"format_version": "1.0", "node_types": list})
}

func typeJSON(t *dsl.NodeType, raw json.RawMessage) (object, error) {
	var def struct {
		Properties json.RawMessage            `json:"properties"`
		Attributes map[string]json.RawMessage `json:"attributes"`
		Calls      map[string][]string        `json:"calls"`
		Timeouts   map[string]string          `json:"timeouts"`
	}
	if err := json.Unmarshal(raw, &def); err != nil {
		return nil, err
	}
	attributes := object{}
	for name, p := range t.Attributes {
		attributes[name] = object{"type": p.Type, "description": p.Description}
		if text, ok := def.Attributes[name]; ok {
			attributes[name] = text
		}
	}
	containers := object{}
	for property, c := range t.Containers {
		within := object{"type": c.Type, "deleted_with": c.DeletedWith}
		if c.Leaves != "" {
			within["leaves"] = c.Leaves
		}
		containers[property] = within
	}
	out := object{
		"name": t.Name, "description": t.Description, "example": t.Example, "holds_data": t.HoldsData,
		"written": object{
			dsl.DialectC.Version: dsl.DialectC.Written(t.Name),
			dsl.DialectH.Version: dsl.DialectH.Written(t.Name),
		},
		"properties": def.Properties, "attributes": attributes, "containers": containers,
		"calls": orEmpty(def.Calls), "timeouts": orEmpty(def.Timeouts),
	}
	if t.Forgotten != "" {
		out["forgotten"] = t.Forgotten
	}
	if leaves := leavesOf(t); leaves != "" {
		out["leaves"] = leaves
	}
	if len(t.Undo) > 0 {
		out["undo"] = undoJSON(t.Undo)
	}
	if t.Serial != "" {
		out["serial"] = t.Serial
	}
	if len(t.Rules) > 0 {
		out["rules"] = rulesJSON(t.Rules)
	}
	return out, nil
}

func undoJSON(undo map[string]dsl.Reversal) object {
	out := object{}
	for action, r := range undo {
		o := object{"kind": r.Kind}
		if r.Why != "" {
			o["why"] = r.Why
		}
		out[action] = o
	}
	return out
}

func rulesJSON(rules []*dsl.Rule) []object {
	var out []object
	for _, r := range rules {
		o := object{"message": r.Message, "advice": r.Advice, "at": r.At}
		if r.When != nil {
			o["when"] = r.When
		}
		if r.Then != nil {
			o["then"] = r.Then
		}
		out = append(out, o)
	}
	return out
}

// orEmpty is the map itself, or an empty one for nil, which JSON tells apart.
func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}
