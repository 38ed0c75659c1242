package simtest

import (
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// asks notes that a process ended with a question.
func (p *process) asks(node string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !slices.Contains(p.asked, node) {
		p.asked = append(p.asked, node)
	}
}

// answers are what a user says to the questions of the last process: the truth,
// or now and then nonsense, which has to be refused.
func (w *world) answers(t *track, mayErr bool) map[string]string {
	if len(t.asked) == 0 {
		return nil
	}
	out := map[string]string{}
	for _, node := range t.asked {
		out[node] = w.lostObject(t.stack, node)
		if mayErr && w.chance(6) {
			out[node] = "id-nonsense"
		}
	}
	return out
}

// lostObject is the ID of what was made for a node and is nobody's yet.
func (w *world) lostObject(stack, node string) string {
	owned := map[string]bool{}
	for _, e := range w.elements(stack) {
		owned[e.ObjectID] = true
	}
	for _, o := range slices.Backward(w.cloud.objects) {
		if o.stack == stack && o.node == node && !o.gone && !o.stranger && !owned[o.id] && !w.unmanaged[o.id] {
			return o.id
		}
	}
	return providers.AnswerNone
}
