package data

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// Preflight implements providers.Preflighter: do two nodes want the same file, what
// is there already, and what stays because it is no longer what was written.
func (p file) Preflight(_ context.Context, reqs []*providers.Request) ([]providers.Finding, error) {
	out := twice(reqs)
	room := map[string]bool{} // IDs of what is given up
	for _, req := range reqs {
		room[req.ObjectID] = room[req.ObjectID] || req.Action == providers.Delete
	}
	for _, req := range reqs {
		f := p.foresee(req, room)
		if f != nil {
			f.Node = req.Node
			out = append(out, *f)
		}
	}
	slices.SortStableFunc(out, func(a, b providers.Finding) int { return cmp.Compare(a.Node, b.Node) })
	return out, nil
}

// foresee finds what stands against an action.
func (p file) foresee(req *providers.Request, room map[string]bool) *providers.Finding {
	switch {
	case req.Action == providers.Delete:
		return p.stays(req)
	case req.Action == providers.Update || req.Properties["path"] == nil:
		return nil // the plan has looked at what is there, or can't know
	}
	root, err := open(p.folder)
	if err != nil {
		return refused("path", err)
	}
	defer root.Close()
	if room[id(root, req.String("path"))] {
		return nil
	}
	return inTheWay(root, req)
}

// twice finds nodes of one path.
func twice(reqs []*providers.Request) []providers.Finding {
	var out []providers.Finding
	first := map[string]string{} // node by path
	for _, req := range reqs {
		name := req.String("path")
		if req.Action == providers.Delete || name == "" {
			continue
		}
		other, ok := first[name]
		if !ok {
			first[name] = req.Node
			continue
		}
		out = append(out, providers.Finding{
			Node: req.Node, Property: "path", Kind: providers.Conflict,
			Message: fmt.Sprintf("Node %q writes %s too.", other, name),
			Advice:  "Give each of them a path of its own.",
		})
	}
	return out
}

// inTheWay finds what would have a file refused that is to be written.
func inTheWay(root *os.Root, req *providers.Request) *providers.Finding {
	name := req.String("path")
	if err := checkPath(name); err != nil {
		return refused("path", err)
	}
	is, err := look(root, name)
	if err != nil {
		return refused("path", err)
	}
	if is.other != "" {
		return &providers.Finding{
			Property: "path", Kind: providers.Conflict, Message: fmt.Sprintf("%s is %s.", name, is.other),
			Advice: "Choose another path, or move it away.",
		}
	}
	content, known := req.Properties["content"].(string)
	b, err := decode(content, req.String("encoding"))
	if err != nil {
		return refused("content", err)
	}
	if !is.there || known && bytes.Equal(b, is.content) {
		return nil
	}
	return &providers.Finding{
		// What is not known yet may turn out to be what is there.
		Property: "path", Kind: providers.Conflict, Warning: !known,
		Message: fmt.Sprintf("%s exists, and was not made by this stack; only a file with the wanted content is taken.", name),
		Advice:  fmt.Sprintf("Choose another path, move it away, or take it into the stack: orchestrate import %s %s.", req.Node, name),
	}
}

// refused is what an action would fail with.
func refused(property string, err error) *providers.Finding {
	f := &providers.Finding{Property: property, Kind: providers.Invalid, Message: err.Error() + "."}
	if e, ok := err.(*providers.Error); ok {
		f.Kind, f.Message, f.Advice = e.Kind, e.Message+".", e.Advice
	}
	return f
}

// stays warns of a file that is not deleted with its node.
func (p file) stays(req *providers.Request) *providers.Finding {
	root, name, is, err := p.locate(req)
	switch {
	case isAbsent(err):
		return nil
	case err != nil:
		return refused("", err)
	}
	defer root.Close()
	if !is.there || digest(is.content) == providers.Text(req.Attributes["written"]) {
		return nil
	}
	return &providers.Finding{
		Kind: providers.Conflict, Warning: true,
		Message: name + " is no longer as the stack wrote it, so it stays where it is.",
		Advice:  "Delete it by hand if nobody needs it.",
	}
}

// Search implements providers.Searcher.
func (p file) Search(_ context.Context, req *providers.Request, _ providers.Operation) ([]providers.Candidate, error) {
	name := req.String("path")
	if err := checkPath(name); err != nil {
		return nil, nil // such a file was never written
	}
	root, err := open(p.folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	is, err := look(root, name)
	if err != nil || !is.there {
		return nil, err
	}
	c := providers.Candidate{ID: id(root, name), Name: name}
	if b, err := decode(req.String("content"), req.String("encoding")); err != nil || !bytes.Equal(b, is.content) {
		c.Doubt = "its content is another one"
	}
	return []providers.Candidate{c}, nil
}
