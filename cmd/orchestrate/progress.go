package main

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// A view shows an execution while it runs. Its methods are called from one
// goroutine at a time.
type view interface {
	event(executor.Event)
	tick(now time.Time) // called several times a second
	close()             // leaves the screen as it should stay
}

// tickEvery is how often views may redraw and look for steps that take long.
const tickEvery = 200 * time.Millisecond

// follow feeds a view with events and ticks until stop is called.
func follow(v view, now func() time.Time) (observe func(executor.Event), stop func()) {
	var mu sync.Mutex
	done, idle := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(idle)
		t := time.NewTicker(tickEvery)
		defer t.Stop()
		for {
			select {
			case <-done:
				return
			case <-t.C:
				mu.Lock()
				v.tick(now())
				mu.Unlock()
			}
		}
	}()
	observe = func(e executor.Event) {
		mu.Lock()
		defer mu.Unlock()
		v.event(e)
	}
	return observe, sync.OnceFunc(func() {
		close(done)
		<-idle
		v.close()
	})
}

// wording is how an action is spoken of while it runs and when it is over.
type wording struct{ doing, still, noun string }

func wordingOf(a planner.Action) wording {
	switch a {
	case planner.Create:
		return wording{"Creating", "creating", "Creation"}
	case planner.Update:
		return wording{"Modifying", "modifying", "Modifications"}
	case planner.Delete:
		return wording{"Destroying", "destroying", "Destruction"}
	case planner.Replace:
		return wording{"Replacing", "replacing", "Replacement"}
	case planner.Read:
		return wording{"Reading", "reading", "Read"}
	}
	return wording{"Settling", "settling", "Settlement"}
}

// eventLine says an event in one line, in OpenTofu's words where it has some.
func eventLine(e executor.Event) string {
	w := wordingOf(e.Action)
	switch e.Kind {
	case executor.StepStart:
		return e.Node + ": " + w.doing + "..." + bracket(idPart(e.ObjectID))
	case executor.StepProgress:
		if what := doingNow(e); what != "" {
			return e.Node + ": " + w.doing + ": " + what + bracket(elapsedPart(e.Elapsed))
		}
		return ""
	case executor.StepComplete:
		id := idPart(e.ObjectID)
		if e.Action == planner.Delete {
			id = ""
		}
		return e.Node + ": " + w.noun + " complete after " + short(e.Elapsed) + bracket(id)
	case executor.StepErrored:
		return e.Node + ": " + w.noun + " errored after " + short(e.Elapsed)
	case executor.StepWaiting:
		return e.Node + ": Waiting " + waitText(e.Obstacle, e.WaitsFor, e.Message)
	case executor.StepRetry:
		return fmt.Sprintf("%s: %s: attempt %d did not succeed, trying again in %s%s", e.Node, w.doing, e.Attempt, e.Wait.Round(100*time.Millisecond), because(e))
	case executor.StepSkipped:
		if e.Settled {
			return e.Node + ": Settled" + because(e)
		}
		return e.Node + ": Not begun" + because(e)
	case executor.StepAdopted:
		return e.Node + ": Taken over as it was found" + bracket(idPart(e.ObjectID)) + because(e)
	case executor.StepForgotten:
		return e.Node + ": Forgotten" + bracket(idPart(e.ObjectID)) + because(e)
	case executor.StepMoved:
		return e.Node + ": Moved" + bracket(idPart(e.ObjectID)) + because(e)
	case executor.StepStopped:
		return e.Node + ": Stopped while " + w.still + bracket(idPart(e.ObjectID)) + because(e)
	case executor.StepPaused:
		return fmt.Sprintf("%s: Paused while %s%s: %v; %s", e.Node, w.still, bracket(idPart(e.ObjectID)), e.Err, e.Message)
	case executor.StopAsked:
		return "Stopping: nothing new is started" + because(e)
	}
	return ""
}

// mostNames is how many nodes a line names that a step waits for.
const mostNames = 5

// waitText says what keeps a step from beginning. message says which object a
// turn is about.
func waitText(o state.Obstacle, on []string, message string) string {
	switch o {
	case state.Stage:
		return "until all other steps have succeeded, since it can't be undone"
	case state.Slot:
		return "for a slot: as many steps run as may"
	case state.Turn:
		text := "for its turn"
		if len(on) > 0 {
			text += " after " + nameList(on)
		}
		if message != "" {
			text += ": " + message
		}
		return text
	}
	return "for " + nameList(on)
}

// nameList names some nodes, and counts the others.
func nameList(nodes []string) string { return someNames(nodes, len(nodes)) }

// someNames names the first of so many nodes, and counts the others.
func someNames(first []string, all int) string {
	if all <= mostNames {
		return strings.Join(first, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(first[:mostNames-1], ", "), all-mostNames+1)
}

// stillLine tells that a step goes on.
func stillLine(e executor.Event, elapsed time.Duration) string {
	return e.Node + ": Still " + wordingOf(e.Action).still + "..." + bracket(idPart(e.ObjectID), elapsedPart(elapsed))
}

func idPart(id string) string {
	if id == "" {
		return ""
	}
	return "id=" + id
}

func elapsedPart(d time.Duration) string { return short(d) + " elapsed" }

func bracket(parts ...string) string {
	kept := parts[:0]
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	if len(kept) == 0 {
		return ""
	}
	return " [" + strings.Join(kept, ", ") + "]"
}

func because(e executor.Event) string {
	switch {
	case e.Message != "":
		return ": " + e.Message
	case e.Err != nil:
		return ": " + e.Err.Error()
	}
	return ""
}

// doingNow says what a running step is at: the operation's own sub-step and
// how many there are, or the provider's message.
func doingNow(e executor.Event) string {
	if e.Transfer != nil {
		return strings.TrimSpace(e.Message + " " + transferText(e.Transfer))
	}
	i, s := currentSubstep(e.Substeps)
	if s.Name == "" {
		return e.Message
	}
	text := fmt.Sprintf("step %d of %d, %s", i+1, len(e.Substeps), s.Name)
	if s.Detail != "" {
		text += " (" + s.Detail + ")"
	}
	return text
}

// currentSubstep is the first sub-step that is not finished, or the last one.
func currentSubstep(all []providers.Substep) (int, providers.Substep) {
	for i, s := range all {
		if s.Status != "finished" {
			return i, s
		}
	}
	if len(all) == 0 {
		return 0, providers.Substep{}
	}
	return len(all) - 1, all[len(all)-1]
}

// short writes a duration in whole seconds: 0s, 59s, 1m2s, 1h0m5s.
func short(d time.Duration) string { return d.Truncate(time.Second).String() }
