package simtest

import (
	"maps"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
)

// deed is what somebody does in the cloud by hand, while nothing else runs.
type deed struct {
	what string
	node string // whose object it is about
}

// The kinds of deeds.
const (
	resized = "resized" // it has another size now
	repaint = "repaint" // it has a colour that can't be changed
	deleted = "deleted" // it is gone, with what is in it
	refused = "refused" // from now on its deletion is refused
	failing = "failing" // from now on its deletion fails
	endless = "endless" // from now on its deletion does not end
)

// deeds draws what is done to some of the nodes.
func (a *artist) deeds(nodes []*template, kinds ...string) []deed {
	var out []deed
	for range 1 + a.rng.IntN(2) {
		out = append(out, deed{kinds[a.rng.IntN(len(kinds))], nodes[a.rng.IntN(len(nodes))].name})
	}
	return out
}

// meddle does what is done by hand before a chapter.
func (w *world) meddle(t *track) {
	if take := t.command.take; take != nil {
		w.note(nil, "BY HAND: %s is made", take.handmade(t.stack))
		w.cloud.objects = append(w.cloud.objects, take.byHand(t.stack))
	}
	elements := w.elements(t.stack)
	for _, d := range t.command.outside {
		if e := elements[d.node]; e != nil {
			w.meddleWith(d, e)
		}
	}
}

// meddleWith does one thing to the object of an element.
func (w *world) meddleWith(d deed, e *state.Element) {
	o := w.cloud.byID(e.ObjectID)
	if o == nil || o.work != "" {
		return
	}
	w.note(nil, "BY HAND: %s of %s is %s", o.id, d.node, d.what)
	switch d.what {
	case resized, repaint:
		o.properties = maps.Clone(o.properties)
		if d.what == resized {
			o.properties["size"] = int64(7)
		} else {
			o.properties["color"] = "green"
		}
	case deleted:
		w.cloud.remove(o)
		for _, gone := range w.cloud.objects {
			if gone == o || gone.gone && gone.room == o.id {
				w.cloud.lost[gone.id] = true
			}
		}
	default:
		o.stubborn = d.what
	}
}

// handmade is the ID of the object that is made by hand for a node.
func (t *template) handmade(stack string) string { return "hand-" + stack + "-" + t.name }

// byHand is the object itself.
func (t *template) byHand(stack string) *object {
	return &object{
		id: t.handmade(stack), name: t.handmade(stack), typ: typeName(t.kind, t.slot), kind: t.kind, stranger: true,
		properties: map[string]any{"size": int64(t.size), "color": t.color},
	}
}

// importable reports whether an object for a node can be made by hand: one that
// needs no other.
func importable(t *template) bool {
	return t.kind != pure && !t.shared && t.secret == "" && t.room == "" && t.pinned == "" && len(t.uses) == 0
}
