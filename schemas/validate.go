package schemas

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"sort"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// Schema is a compiled JSON Schema. It is safe for concurrent use.
type Schema struct{ compiled *jsonschema.Schema }

// Violation is one way in which a value breaks a schema.
type Violation struct {
	Pointer string // JSON pointer (RFC 6901) of the offending part; "" is the whole value
	Keyword string // that was broken, such as "maxLength"
	Message string // in words; may quote the value
}

// Compile compiles a schema: JSON text as []byte or json.RawMessage, or plain
// JSON data. References to other documents are refused.
func Compile(schema any) (*Schema, error) {
	var text []byte
	switch s := schema.(type) {
	case []byte:
		text = s
	case json.RawMessage:
		text = s
	default:
		b, err := json.Marshal(schema)
		if err != nil {
			return nil, fmt.Errorf("encode schema: %w", err)
		}
		text = b
	}
	return compile("/inline.schema.json", bytes.NewReader(text))
}

func compile(name string, r io.Reader) (*Schema, error) {
	c := jsonschema.NewCompiler()
	c.AssertFormat = true
	c.LoadURL = func(url string) (io.ReadCloser, error) {
		return nil, fmt.Errorf("schema %s refers to another document: %s", name, url)
	}
	url := "mem://" + name
	if err := c.AddResource(url, r); err != nil {
		return nil, fmt.Errorf("read schema %s: %w", path.Base(name), err)
	}
	s, err := c.Compile(url)
	if err != nil {
		return nil, fmt.Errorf("compile schema %s: %w", path.Base(name), err)
	}
	return &Schema{compiled: s}, nil
}

// Validate returns how a plain JSON value breaks the schema, sorted by place
// and keyword, innermost causes only; nil if it does not.
func (s *Schema) Validate(value any) []Violation {
	err := s.compiled.Validate(value)
	if err == nil {
		return nil
	}
	var all []Violation
	var ve *jsonschema.ValidationError
	if errors.As(err, &ve) {
		leaves(ve, &all)
	} else {
		all = []Violation{{Message: err.Error()}}
	}
	sort.Slice(all, func(i, j int) bool {
		a, b := all[i], all[j]
		if a.Pointer != b.Pointer {
			return a.Pointer < b.Pointer
		}
		if a.Keyword != b.Keyword {
			return a.Keyword < b.Keyword
		}
		return a.Message < b.Message
	})
	return all
}

// leaves collects the innermost causes. The alternatives of anyOf and oneOf
// contradict each other, so for these the whole is reported instead.
func leaves(ve *jsonschema.ValidationError, out *[]Violation) {
	keyword := ve.KeywordLocation[strings.LastIndexByte(ve.KeywordLocation, '/')+1:]
	if len(ve.Causes) == 0 || keyword == "anyOf" || keyword == "oneOf" {
		*out = append(*out, Violation{Pointer: ve.InstanceLocation, Keyword: keyword, Message: ve.Message})
		return
	}
	for _, c := range ve.Causes {
		leaves(c, out)
	}
}
