package dsl

import (
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/internal/yamltree"
)

// OwnPrefix begins the names of node types that are no cloud's. They belong to
// both dialects and carry no other prefix.
const OwnPrefix = "Orchestrate."

// Other returns the other dialect.
func (d Dialect) Other() Dialect {
	if d == DialectC {
		return DialectH
	}
	return DialectC
}

// findDialect reads tosca_definitions_version. Without it nothing else of the
// document can be judged, so nothing else is said.
func (p *parser) findDialect(root *yamltree.Node) bool {
	if root.Kind != yamltree.Map {
		p.diags.Add("DSL106", p.rng(root), "A blueprint is a map that has the key tosca_definitions_version; this is %s.", kindOf(root))
		return false
	}
	v := root.Get("tosca_definitions_version")
	if v == nil {
		at := diag.Range{File: p.file}
		if len(root.Pairs) > 0 {
			at = p.rng(root.Pairs[0].Key)
		}
		p.diags.Add("DSL106", at, "The key tosca_definitions_version is missing.%s Blueprints state %s or %s.", otherTool(root), DialectC.Version, DialectH.Version)
		return false
	}
	switch v.Text {
	case DialectC.Version:
		p.dialect = DialectC
	case DialectH.Version:
		p.dialect = DialectH
	default:
		p.unsupported(v)
		return false
	}
	return true
}

func (p *parser) unsupported(v *yamltree.Node) {
	why := "This version of the language is not supported."
	switch {
	case v.Kind == yamltree.List || v.Kind == yamltree.Map || v.Text == "":
		why = "The version is empty or no text."
	case strings.HasPrefix(v.Text, "tosca_simple") || strings.HasPrefix(v.Text, "tosca_2"):
		why = "This is a template of the TOSCA standard, whose node types and interfaces are others."
	case strings.HasPrefix(v.Text, "cloudify_dsl"):
		why = "This is a blueprint of Cloudify, whose node types and interfaces are others."
	case strings.HasPrefix(v.Text, "fusionstage"):
		why = "This version of the older service is not documented."
	}
	p.diags.Add("DSL106", p.rng(v), "%s The supported versions are %s and %s.%s", why, DialectC.Version, DialectH.Version,
		diag.DidYouMean(v.Text, []string{DialectC.Version, DialectH.Version}))
}

// otherTool recognizes documents that are meant for something else.
func otherTool(root *yamltree.Node) string {
	for _, t := range []struct{ key, tool string }{
		{"heat_template_version", "an OpenStack Heat template"},
		{"ROSTemplateFormatVersion", "a template of Alibaba Cloud ROS"},
		{"AWSTemplateFormatVersion", "a CloudFormation template"},
		{"terraform", "a Terraform or OpenTofu configuration"},
		{"resource", "a Terraform or OpenTofu configuration"},
		{"apiVersion", "a Kubernetes object"},
		{"dsl_version", "a document of an unknown kind"},
	} {
		if root.Get(t.key) != nil {
			return fmt.Sprintf(" By its key %q this looks like %s.", t.key, t.tool)
		}
	}
	return ""
}

// typeName resolves the written name of a node type to its name in the
// catalogue; "" if that failed, which is reported.
func (p *parser) typeName(written Name) string {
	text := written.Text
	if strings.HasPrefix(text, p.dialect.Other().Prefix) {
		p.diags.Add("DSL114", written.Range, "The blueprint is of dialect %s, whose types begin with %s; write %s.",
			p.dialect.Version, p.dialect.Prefix, p.dialect.Prefix+strings.TrimPrefix(text, p.dialect.Other().Prefix))
		return ""
	}
	name, prefixed := strings.CutPrefix(text, p.dialect.Prefix)
	if special := specialType(name, prefixed); special {
		return name
	}
	if prefixed != strings.HasPrefix(name, OwnPrefix) && (p.catalogue == nil || p.catalogue[name] != nil) {
		return name
	}
	p.unknownType(written, name, prefixed)
	return ""
}

func (p *parser) unknownType(written Name, name string, prefixed bool) {
	if p.catalogue[name] != nil || p.catalogue == nil {
		right := p.dialect.Prefix + name
		if prefixed {
			right = name
		}
		p.diags.Add("DSL301", written.Range, "No node type is named %q. Write %s.", written.Text, right)
		return
	}
	if p.typeNames == nil {
		p.typeNames = p.catalogue.Written(p.dialect)
	}
	hint := diag.DidYouMean(written.Text, p.typeNames)
	if hint == "" && !prefixed {
		hint = diag.DidYouMean(p.dialect.Prefix+written.Text, p.typeNames)
	}
	if hint == "" {
		hint = " \"orchestrate types\" lists the known ones."
	}
	p.diags.Add("DSL301", written.Range, "No node type is named %q.%s", short(written.Text), hint)
}

// Written lists the names of the node types as a dialect writes them, sorted
// by their names without prefix.
func (c Catalogue) Written(d Dialect) []string {
	names := c.Names()
	for i, n := range names {
		names[i] = d.Written(n)
	}
	return names
}

// Written returns the name of a node type as the dialect writes it.
func (d Dialect) Written(typeName string) string {
	if strings.HasPrefix(typeName, OwnPrefix) {
		return typeName
	}
	return d.Prefix + typeName
}
