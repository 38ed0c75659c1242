package huaweicloud

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Val returns what p points to, or the zero value: in the SDK's answers most
// fields are optional, and missing and null look the same.
func Val[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// Texts makes a JSON list of texts.
func Texts(texts []string) []any {
	out := make([]any, len(texts))
	for i, t := range texts {
		out[i] = t
	}
	return out
}

// InPath checks what goes into the path of a URL: the SDK does not escape a
// slash, and an empty part would address the parent.
func InPath(parts ...string) error {
	for _, p := range parts {
		if p == "" || p == "." || p == ".." || strings.ContainsAny(p, `/\?#%`) {
			return &providers.Error{Kind: providers.Invalid, Message: fmt.Sprintf("%q cannot be an ID or a name", p)}
		}
	}
	return nil
}

// AsRecorded leaves of what was read only what is recorded as well, so that
// what a service adds by itself is not taken for drift. Without a record, as
// at an import, everything stays.
func AsRecorded(read, recorded map[string]any) map[string]any {
	if len(recorded) == 0 {
		return read
	}
	out := map[string]any{}
	for k, v := range read {
		r, ok := recorded[k]
		if !ok {
			continue
		}
		inner, isMap := v.(map[string]any)
		if was, wasMap := r.(map[string]any); isMap && wasMap {
			v = AsRecorded(inner, was)
		}
		out[k] = v
	}
	return out
}

// Recorded returns the properties that are, or at the end of a create or an
// update will be, recorded of the object of a request.
func Recorded(req *providers.Request) map[string]any {
	if req.Action == "" && req.Prior != nil {
		return req.Prior
	}
	return req.Properties
}

// Name returns the name that a request gives its object: the property, or else
// the default name, cut to most characters. A cut name ends in a digest of the
// whole, so that two long ones stay apart.
func Name(req *providers.Request, most int) string {
	if name := req.String("name"); name != "" {
		return name
	}
	name := req.DefaultName()
	if len(name) <= most {
		return name
	}
	digest := sha256.Sum256([]byte(name))
	return name[:most-9] + "-" + hex.EncodeToString(digest[:4])
}

// ReadName returns the property name of an object that the cloud shows as
// actual: "" if it has the default name and the blueprint left the name empty.
func ReadName(req *providers.Request, actual string, most int) string {
	recorded := Recorded(req)
	if len(recorded) > 0 && providers.Text(recorded["name"]) == "" && actual == Name(&providers.Request{Stack: req.Stack, Node: req.Node}, most) {
		return ""
	}
	return actual
}
