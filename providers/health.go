package providers

import (
	"context"
	"time"
)

// HealthReader is a Provider that can tell how an object is, beyond that it is
// there.
type HealthReader interface {
	Provider
	// Health tells how the object of req is, which o was just read of, and changes
	// nothing. Many are asked about at one moment, within one Sharing: what several
	// need is read once. What could not be looked at is a symptom; an error says
	// that nothing could be told at all.
	Health(ctx context.Context, req *Request, o *Object) (Health, error)
}

// Condition says in AOS's words how an object is.
type Condition string

// The conditions, the better before the worse.
const (
	Healthy  Condition = "healthy"
	Unknown  Condition = "unknown" // nobody can tell
	Abnormal Condition = "abnormal"
)

// Worse returns the worse one of two conditions.
func (c Condition) Worse(d Condition) Condition {
	if d.rank() > c.rank() {
		return d
	}
	return c
}

func (c Condition) rank() int {
	switch c {
	case Unknown:
		return 1
	case Abnormal:
		return 2
	}
	return 0
}

// Health is how an object is. The zero Health is that of a healthy one.
type Health struct {
	Symptoms []Symptom
	Figures  []Figure
	Nodes    int // that the object consists of; 0: it is one
}

// Condition is as bad as the worst symptom.
func (h *Health) Condition() Condition {
	c := Healthy
	for _, s := range h.Symptoms {
		c = c.Worse(s.Condition)
	}
	return c
}

// Add notes a symptom.
func (h *Health) Add(s Symptom) { h.Symptoms = append(h.Symptoms, s) }

// Measure notes a figure.
func (h *Health) Measure(f Figure) { h.Figures = append(h.Figures, f) }

// Symptom is something that tells how an object is.
type Symptom struct {
	Condition Condition // that it puts the object into; Healthy: it is a remark
	Message   string    // what it is, in a sentence
	Since     time.Time // zero: nobody says
	Operation string    // of the service, that told it; "" if none did
	Advice    string    // what to do; "" if nothing has to be
}

// Figure is something that was measured.
type Figure struct {
	Name      string // such as "cpu"
	Value     float64
	Of        float64 // the whole that Value is a part of; 0: there is none
	Unit      string  // such as "%"; "" for numbers of things
	Operation string  // of the service, that told it
}

// WellIfThere is embedded in providers of objects that have no state: that they
// can be read is all there is to their health.
type WellIfThere struct{}

// Health implements HealthReader.
func (WellIfThere) Health(context.Context, *Request, *Object) (Health, error) { return Health{}, nil }
