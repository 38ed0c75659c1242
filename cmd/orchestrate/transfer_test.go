package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/executor"
	"github.com/orchestrate-tosca/orchestrate/planner"
	"github.com/orchestrate-tosca/orchestrate/providers"
)

// uploading are the events of an upload that takes 12 s.
func uploading() []executor.Event {
	e := executor.Event{Kind: executor.StepStart, Node: "trade", Type: "HBS.Contract", Action: planner.Create, At: begin}
	out := []executor.Event{e}
	e.Kind, e.Message = executor.StepProgress, "uploading trade.zip"
	for i := range 61 {
		e.At, e.Elapsed = begin.Add(time.Duration(i)*200*time.Millisecond), time.Duration(i)*200*time.Millisecond
		e.Transfer = &providers.Transfer{Sent: int64(i) * 1e6, Size: 60e6}
		out = append(out, e)
	}
	return out
}

// A log says how far an upload is now and then, and that it is over.
func TestTransferInALog(t *testing.T) {
	var out bytes.Buffer
	v := newPlainView(&out)
	for _, e := range uploading() {
		v.event(e)
		v.tick(e.At)
	}
	want := `trade: Creating...
trade: Creating: uploading trade.zip (0 B of 60.0 MB, 0%) [0s elapsed]
trade: Creating: uploading trade.zip (25.0 MB of 60.0 MB, 41%) [5s elapsed]
trade: Creating: uploading trade.zip (50.0 MB of 60.0 MB, 83%) [10s elapsed]
trade: Creating: uploading trade.zip (60.0 MB of 60.0 MB, 100%) [12s elapsed]
`
	if d := cmp.Diff(want, out.String()); d != "" {
		t.Error(d)
	}
}

// On a terminal it is a bar in the line of its step.
func TestTransferOnATerminal(t *testing.T) {
	var out bytes.Buffer
	v := newTTYView(&out, func() (int, int) { return 80, 24 }, style{}, nil)
	events := uploading()
	for _, e := range events[:31] {
		v.event(e)
	}
	v.tick(events[30].At)
	if got := out.String(); !strings.Contains(got, "  trade: Creating... 5s  uploading trade.zip 48% [=======>        ] of 60.0 MB\n") {
		t.Errorf("%q", got[max(0, len(got)-400):])
	}
}

func TestBytesText(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1.0 kB", 999_949: "999.9 kB", 999_950: "1.0 MB", 103_809_146: "103.8 MB", 5e9: "5.0 GB", 1 << 62: "4611686.0 TB"} {
		if got := bytesText(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
	if s := share(&providers.Transfer{}); s != 1 {
		t.Errorf("nothing has been sent to %v", s)
	}
}
