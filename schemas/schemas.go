// Package schemas holds what is data and not code: the node types (a file a
// service), the JSON Schemas of our own formats, and the OpenAPI contracts of
// the services. It alone uses jsonschema. Names go in; schemas, raw types and
// files come out, and values are judged against a schema. What a violation
// means to a user is left to the caller.
package schemas

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
)

//go:embed *.schema.json types/*.json openapi/*.yaml
var files embed.FS

// OpenAPI returns the contracts of the services, one YAML file each.
func OpenAPI() fs.FS {
	sub, err := fs.Sub(files, "openapi")
	if err != nil {
		return embed.FS{} // unreachable: the name is valid
	}
	return sub
}

// Types returns the definitions of all node types by name without prefix, in
// the format of catalogue.schema.json. The same name in two files is an error.
func Types() (map[string]json.RawMessage, error) {
	all, from := make(map[string]json.RawMessage), make(map[string]string)
	for _, name := range TypeFiles() {
		part, err := TypeFile(name)
		if err != nil {
			return nil, err
		}
		for typ, def := range part {
			if other, ok := from[typ]; ok {
				return nil, fmt.Errorf("node type %s is defined in %s and in %s", typ, other, name)
			}
			all[typ], from[typ] = def, name
		}
	}
	return all, nil
}

// TypeFiles lists the files of node types, sorted.
func TypeFiles() []string {
	names, _ := fs.Glob(files, "types/*.json") // the pattern is valid
	return names
}

// TypeFile returns the definitions of one file, such as "types/bcs.json".
func TypeFile(name string) (map[string]json.RawMessage, error) {
	b, err := files.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("read node types: %w", err)
	}
	var part map[string]json.RawMessage
	if err := json.Unmarshal(b, &part); err != nil {
		return nil, fmt.Errorf("read node types of %s: %w", name, err)
	}
	return part, nil
}

// Text returns the JSON Schema of that name ("plan" is plan.schema.json) as it
// is written.
func Text(name string) ([]byte, error) {
	b, err := files.ReadFile(name + ".schema.json")
	if err != nil {
		return nil, fmt.Errorf("no JSON Schema is named %q: %w", name, err)
	}
	return b, nil
}

// Names lists the JSON Schemas, sorted.
func Names() []string {
	found, _ := fs.Glob(files, "*.schema.json") // the pattern is valid
	for i, f := range found {
		found[i] = f[:len(f)-len(".schema.json")]
	}
	return found
}

// Named compiles the JSON Schema of that name.
func Named(name string) (*Schema, error) {
	b, err := Text(name)
	if err != nil {
		return nil, err
	}
	return compile(path.Join("/", name+".schema.json"), bytes.NewReader(b))
}
