package planner

import (
	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// differ compares values leaf by leaf and collects what differs.
type differ struct {
	changes []Change
	written []written // of each change
}

// written is what the blueprint says at a change.
type written struct {
	expr *dsl.Value // nil: nothing
	from *dsl.Value // what an expansion evaluated to get expr, or a value around it; nil: it stands as written
	file bool       // it is what is in the file that is named there
}

// place follows a value through the blueprint and through its node type, so
// that each change knows where it comes from and what it needs.
type place struct {
	expr     *dsl.Value    // what the blueprint says; a call stands for all that it gives; nil: nothing
	from     *dsl.Value    // see written
	at       diag.Range    // of the nearest expression, or of the node template
	prop     *dsl.Property // what the node type says; nil: nothing
	fixed    bool          // it, or what it is part of, is immutable
	recorded string        // why a change calls nothing; "" if it does
	file     bool          // expr names a file, and this is what is in it
}

// diff lists the leaves in which before and after differ, sorted by path.
func diff(typ *dsl.NodeType, tmpl *dsl.NodeTemplate, before, after intrinsic.Value) []Change {
	changes, _ := compared(typ, tmpl, before, after)
	return changes
}

// compared is diff with what the blueprint says at each of the leaves.
func compared(typ *dsl.NodeType, tmpl *dsl.NodeTemplate, before, after intrinsic.Value) ([]Change, []written) {
	var d differ
	var props *dsl.Property
	if typ != nil {
		props = typ.Properties
	}
	for _, key := range unionKeys(before, after) {
		b, _ := before.Get(key)
		a, _ := after.Get(key)
		here := place{prop: property(props, key)}
		if tmpl != nil {
			here.expr, here.at = tmpl.Property(key), tmpl.Range
		}
		d.walk(key, b, a, here)
	}
	return d.changes, d.written
}

func (d *differ) walk(path string, before, after intrinsic.Value, here place) {
	if before.Equal(after) {
		return
	}
	here.fixed = here.fixed || here.prop != nil && here.prop.Immutable
	if here.prop != nil && here.prop.Recorded != "" {
		here.recorded = here.prop.Recorded
	}
	if here.expr != nil {
		here.at = here.expr.Range
		if here.expr.From != nil {
			here.from = here.expr.From
		}
	}
	if !whole(before) && !whole(after) && d.parts(path, before, after, here) {
		return
	}
	c := Change{Path: path, Before: before, After: after, Replaces: here.fixed, Recorded: here.recorded, Range: here.at}
	if !whole(before) && !whole(after) {
		c.Within = within(before, after)
	}
	d.changes, d.written = append(d.changes, c), append(d.written, written{here.expr, here.from, here.file})
}

// parts compares the parts of two maps or of two lists, one of which may be
// absent; it is false for anything else.
func (d *differ) parts(path string, before, after intrinsic.Value, here place) bool {
	bm, bIsMap := before.Map()
	am, aIsMap := after.Map()
	bl, bIsList := before.List()
	al, aIsList := after.List()
	switch {
	case (bIsMap || aIsMap) && (bIsMap || before.IsNull()) && (aIsMap || after.IsNull()) && len(bm)+len(am) > 0:
		for _, key := range unionKeys(before, after) {
			b, _ := before.Get(key)
			a, _ := after.Get(key)
			d.walk(PathTo(path, key), b, a, here.entry(key))
		}
		return true
	case (bIsList || aIsList) && (bIsList || before.IsNull()) && (aIsList || after.IsNull()) && len(bl)+len(al) > 0:
		for i := range max(len(bl), len(al)) {
			b, _ := before.Index(i)
			a, _ := after.Index(i)
			d.walk(pathToItem(path, i), b, a, here.item(i))
		}
		return true
	}
	return false
}

// entry is the place of an entry of a map.
func (p place) entry(key string) place {
	named := p.prop != nil && p.prop.File != nil
	p.file = named && key == dsl.ContentSHA256
	if p.prop = property(p.prop, key); named {
		return p // the name stands for all that is known of the file
	}
	if p.expr != nil && p.expr.Kind != dsl.Call {
		p.expr = p.expr.Get(key)
	}
	return p
}

// item is the place of an item of a list.
func (p place) item(i int) place {
	p.prop = items(p.prop)
	if p.expr != nil && p.expr.Kind != dsl.Call {
		p.expr = item(p.expr, i)
	}
	return p
}

// whole reports whether a value is compared as one: nothing below it is known
// or may be shown.
func whole(v intrinsic.Value) bool { return v.IsUnknown() || v.IsSensitive() }

func property(p *dsl.Property, key string) *dsl.Property {
	if p == nil {
		return nil
	}
	return p.Part(key)
}

func items(p *dsl.Property) *dsl.Property {
	if p == nil {
		return nil
	}
	return p.Items
}

func item(v *dsl.Value, i int) *dsl.Value {
	if v == nil || i >= len(v.Items) {
		return nil
	}
	return v.Items[i]
}

// unionKeys returns the keys of both maps, sorted, each once.
func unionKeys(a, b intrinsic.Value) []string {
	ka, kb := a.Keys(), b.Keys()
	out := make([]string, 0, len(ka)+len(kb))
	for len(ka) > 0 || len(kb) > 0 {
		switch {
		case len(kb) == 0 || len(ka) > 0 && ka[0] < kb[0]:
			out, ka = append(out, ka[0]), ka[1:]
		case len(ka) == 0 || kb[0] < ka[0]:
			out, kb = append(out, kb[0]), kb[1:]
		default:
			out, ka, kb = append(out, ka[0]), ka[1:], kb[1:]
		}
	}
	return out
}

// overlay returns recorded with those leaves replaced that a read shows to be
// different. What was never recorded is not ours to compare: the cloud fills
// in much that a blueprint leaves open.
func overlay(recorded, read intrinsic.Value) intrinsic.Value {
	if read.IsUnknown() || recorded.Equal(read) {
		return recorded
	}
	rm, recordedMap := recorded.Map()
	_, readMap := read.Map()
	if recordedMap && readMap {
		out := make(map[string]intrinsic.Value, len(rm))
		for key, v := range rm {
			if r, ok := read.Get(key); ok {
				v = overlay(v, r)
			}
			out[key] = v
		}
		return withMark(intrinsic.Of(out), recorded)
	}
	rl, recordedList := recorded.List()
	al, readList := read.List()
	if recordedList && readList && len(rl) == len(al) {
		out := make([]intrinsic.Value, len(rl))
		for i := range rl {
			out[i] = overlay(rl[i], al[i])
		}
		return withMark(intrinsic.Of(out), recorded)
	}
	return withMark(read, recorded)
}

func withMark(v, like intrinsic.Value) intrinsic.Value {
	if like.IsSensitive() {
		return v.MarkSensitive()
	}
	return v
}

// markedLike marks in v what is secret in like. What is called a secret from now
// on is not shown as it was either: often it is the same.
func markedLike(v, like intrinsic.Value) intrinsic.Value {
	switch {
	case !like.HasSensitive():
		return v
	case like.IsSensitive():
		return v.MarkSensitive()
	}
	if entries, ok := v.Map(); ok {
		out := make(map[string]intrinsic.Value, len(entries))
		for key, e := range entries {
			l, _ := like.Get(key)
			out[key] = markedLike(e, l)
		}
		return withMark(intrinsic.Of(out), v)
	}
	if items, ok := v.List(); ok {
		out := make([]intrinsic.Value, len(items))
		for i, item := range items {
			l, _ := like.Index(i)
			out[i] = markedLike(item, l)
		}
		return withMark(intrinsic.Of(out), v)
	}
	return v
}
