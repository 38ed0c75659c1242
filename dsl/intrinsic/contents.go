package intrinsic

import (
	"maps"

	"github.com/orchestrate-tosca/orchestrate/dsl"
)

// WithContents puts into evaluated properties, in the place of the name of a file
// (x-file), what is known of the file: its name, size and digest. A file that
// contents does not have stays a name, as does one whose name is not known yet.
func WithContents(v Value, typ *dsl.NodeType, contents map[string]dsl.Content) Value {
	if typ == nil || typ.Properties == nil || len(contents) == 0 {
		return v
	}
	return withContents(v, typ.Properties, contents)
}

func withContents(v Value, p *dsl.Property, contents map[string]dsl.Content) Value {
	if p == nil {
		return v
	}
	if p.File != nil {
		name, _ := v.v.(string)
		if c, known := contents[name]; known {
			return Of(map[string]any{
				dsl.ContentPath: c.Path, dsl.ContentSize: c.Size, dsl.ContentSHA256: c.SHA256,
			}).WithMarksOf(v)
		}
		return v
	}
	switch parts := v.v.(type) {
	case map[string]Value:
		out := maps.Clone(parts)
		for key, part := range parts {
			out[key] = withContents(part, p.Part(key), contents)
		}
		v.v = out
	case []Value:
		out := make([]Value, len(parts))
		for i, part := range parts {
			out[i] = withContents(part, p.Items, contents)
		}
		v.v = out
	}
	return v
}
