package huaweicloud

import (
	"errors"
	"fmt"
	"slices"

	"github.com/orchestrate-tosca/orchestrate/providers"
)

// States says what a service's words for the state of an object mean for its
// health.
type States struct {
	What      string // the object, such as "The network"
	Operation string // that tells the state
	Well      []string
	Others    map[string]Meaning
}

// Meaning is what a state means.
type Meaning struct {
	Condition providers.Condition
	Text      string // that follows on the name of the state, with its mark: ", and does nothing"; ""
	Advice    string
}

// Judge notes in h what a state means. One that the service has no word for, or a
// new one, tells nothing.
func (s States) Judge(h *providers.Health, state string) {
	if slices.Contains(s.Well, state) {
		return
	}
	m, known := s.Others[state]
	switch {
	case known:
	case state == "":
		m = Meaning{Condition: providers.Unknown, Advice: "Look at it on the console."}
		h.Add(providers.Symptom{Condition: m.Condition, Message: s.What + " shows no state.", Operation: s.Operation, Advice: m.Advice})
		return
	default:
		m = Meaning{Condition: providers.Unknown, Text: ", of which nothing is known", Advice: "Look at it on the console."}
	}
	h.Add(providers.Symptom{
		Condition: m.Condition, Message: fmt.Sprintf("%s is in state %s%s.", s.What, state, m.Text),
		Operation: s.Operation, Advice: m.Advice,
	})
}

// The shares, in percent, above which what fills up is remarked on, and above
// which it counts as a fault.
const (
	nearlyFull = 80
	full       = 90
)

// Fills notes how full something is, in percent, and what that means.
func Fills(h *providers.Health, name string, percent float64, operation, advice string) {
	h.Measure(providers.Figure{Name: name, Value: percent, Unit: "%", Operation: operation})
	s := providers.Symptom{Condition: providers.Healthy, Message: fmt.Sprintf("%.0f %% of the %s is in use.", percent, name), Operation: operation, Advice: advice}
	switch {
	case percent > full:
		s.Condition = providers.Abnormal
		h.Add(s)
	case percent > nearlyFull:
		h.Add(s)
	}
}

// Untold notes that something could not be looked at by which the health is judged:
// it may be ill, and nobody can tell.
func Untold(h *providers.Health, what string, err error) { unseen(h, providers.Unknown, what, err) }

// Missed notes that something could not be looked at that only explains or counts.
func Missed(h *providers.Health, what string, err error) { unseen(h, providers.Healthy, what, err) }

func unseen(h *providers.Health, condition providers.Condition, what string, err error) {
	s := providers.Symptom{Condition: condition, Message: fmt.Sprintf("%s could not be looked at: %v", what, err)}
	var e *providers.Error
	if errors.As(err, &e) {
		s.Operation, s.Advice = e.Operation, e.Advice
	}
	h.Add(s)
}
