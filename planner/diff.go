package planner

import (
	"strconv"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/dsl/diag"
	"github.com/orchestrate-tosca/orchestrate/dsl/intrinsic"
)

// differ compares two values of one property leaf by leaf. expr follows the
// values through the blueprint as long as it is literal, so that each change
// knows its place; prop follows them through the node type, so that it knows
// whether it needs a replacement.
type differ struct{ changes []Change }

// diff lists the leaves in which before and after differ, sorted by path.
func diff(typ *dsl.NodeType, tmpl *dsl.NodeTemplate, before, after intrinsic.Value) []Change {
	var d differ
	var props *dsl.Property
	if typ != nil {
		props = typ.Properties
	}
	for _, key := range unionKeys(before, after) {
		b, _ := before.Get(key)
		a, _ := after.Get(key)
		var expr *dsl.Value
		var at diag.Range
		if tmpl != nil {
			expr, at = tmpl.Property(key), tmpl.Range
		}
		d.walk(key, b, a, property(props, key), false, expr, at)
	}
	return d.changes
}

func (d *differ) walk(path string, before, after intrinsic.Value, prop *dsl.Property, fixed bool, expr *dsl.Value, at diag.Range) {
	if before.Equal(after) {
		return
	}
	fixed = fixed || prop != nil && prop.Immutable
	if expr != nil {
		at = expr.Range
	}
	bm, bIsMap := before.Map()
	am, aIsMap := after.Map()
	bl, bIsList := before.List()
	al, aIsList := after.List()
	switch {
	case whole(before) || whole(after):
	case (bIsMap || aIsMap) && (bIsMap || before.IsNull()) && (aIsMap || after.IsNull()) && len(bm)+len(am) > 0:
		for _, key := range unionKeys(before, after) {
			b, _ := before.Get(key)
			a, _ := after.Get(key)
			d.walk(path+"."+key, b, a, property(prop, key), fixed, expr.Get(key), at)
		}
		return
	case (bIsList || aIsList) && (bIsList || before.IsNull()) && (aIsList || after.IsNull()) && len(bl)+len(al) > 0:
		for i := range max(len(bl), len(al)) {
			b, _ := before.Index(i)
			a, _ := after.Index(i)
			d.walk(path+"["+strconv.Itoa(i)+"]", b, a, items(prop), fixed, item(expr, i), at)
		}
		return
	}
	c := Change{Path: path, Before: before, After: after, Replaces: fixed, Range: at}
	if prop != nil {
		c.Recorded = prop.Recorded
	}
	d.changes = append(d.changes, c)
}

// whole reports whether a value is compared as one: nothing below it is known
// or may be shown.
func whole(v intrinsic.Value) bool { return v.IsUnknown() || v.IsSensitive() }

func property(p *dsl.Property, key string) *dsl.Property {
	if p == nil {
		return nil
	}
	if q, ok := p.Properties[key]; ok {
		return q
	}
	return p.Additional
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
