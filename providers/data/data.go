// Package data provides Orchestrate.Data, the node type that holds a value and
// touches no cloud. Its objects exist only in the state of their stack.
package data

import (
	"context"

	"github.com/google/uuid"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Register adds the node type to a registry.
func Register(reg providers.Registry) { reg["Orchestrate.Data"] = provider{} }

type provider struct{}

// Advance implements providers.Provider; every action is done at once.
func (provider) Advance(_ context.Context, req *providers.Request, _ providers.Operation, _ bool) (providers.Progress, error) {
	switch req.Action {
	case providers.Create:
		return providers.Progress{Done: true, Object: object(uuid.NewString(), req.Node, req.Properties["input"])}, nil
	case providers.Update:
		return providers.Progress{Done: true, Object: object(req.ObjectID, req.Node, req.Properties["input"])}, nil
	}
	return providers.Progress{Done: true}, nil
}

// Effectless implements providers.Effectless.
func (provider) Effectless() {}

// Read implements providers.Provider: what is recorded is what exists.
func (provider) Read(_ context.Context, req *providers.Request) (*providers.Object, error) {
	if req.ObjectID == "" || req.Attributes == nil {
		return nil, &providers.Error{
			Kind:    providers.NotFound,
			Message: "an Orchestrate.Data element exists only in the state of its stack",
		}
	}
	o := object(req.ObjectID, providers.Text(req.Attributes["refName"]), req.Attributes["output"])
	if input, ok := req.Attributes["output"]; ok && input != nil {
		o.Properties = map[string]any{"input": input}
	}
	return o, nil
}

// ReadAll implements providers.Lister.
func (p provider) ReadAll(ctx context.Context, reqs []*providers.Request) ([]providers.Reading, error) {
	out := make([]providers.Reading, len(reqs))
	for i, req := range reqs {
		out[i].Object, out[i].Err = p.Read(ctx, req)
	}
	return out, nil
}

// Find implements providers.Provider: a lost create has left nothing behind.
func (provider) Find(context.Context, *providers.Request) ([]*providers.Object, error) {
	return nil, nil
}

func object(id, name string, value any) *providers.Object {
	return &providers.Object{ID: id, Attributes: map[string]any{"refID": id, "refName": name, "output": value}}
}
