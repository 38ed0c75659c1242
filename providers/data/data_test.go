package data_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/data"
)

func TestOutputEqualsInput(t *testing.T) {
	reg := providers.Registry{}
	data.Register(reg)
	p := reg["Orchestrate.Data"]
	for _, input := range []any{nil, "text", int64(7), []any{true, nil}, map[string]any{"k": 1.5}} {
		req := &providers.Request{Action: providers.Create, Node: "n", Properties: map[string]any{"input": input}}
		progress, err := p.Advance(t.Context(), req, providers.Operation{}, false)
		if err != nil || !progress.Done {
			t.Fatalf("%+v, %v", progress, err)
		}
		o := progress.Object
		if diff := cmp.Diff(map[string]any{"refID": o.ID, "refName": "n", "output": input}, o.Attributes); diff != "" || o.ID == "" {
			t.Error(diff)
		}
		read, err := p.Read(t.Context(), &providers.Request{ObjectID: o.ID, Attributes: o.Attributes})
		if err != nil || cmp.Diff(o.Attributes, read.Attributes) != "" {
			t.Errorf("%+v, %v", read, err)
		}
	}
}
