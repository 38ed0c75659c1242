package main

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
)

// switchboard is what goes wrong in an emulator, which may be changed at any
// time: a test breaks operations and mends them.
type switchboard struct {
	mu    sync.Mutex
	rules map[string]emulator.Fault // by operation
}

// Fault implements emulator.Faults.
func (s *switchboard) Fault(_ context.Context, c emulator.Call) emulator.Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rules[c.Operation]
}

// refuse lets operations be refused for good.
func (s *switchboard) refuse(operations ...string) {
	s.set(emulator.Fault{Status: http.StatusBadRequest, Message: "out of order"}, operations...)
}

// hang lets operations be answered never.
func (s *switchboard) hang(operations ...string) {
	s.set(emulator.Fault{Delay: time.Hour}, operations...)
}

// mend lets everything work again.
func (s *switchboard) mend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rules = nil
}

func (s *switchboard) set(f emulator.Fault, operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.rules == nil {
		s.rules = map[string]emulator.Fault{}
	}
	for _, o := range operations {
		s.rules[o] = f
	}
}

func scriptBreak(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 || args[0] != "refuse" && args[0] != "hang" {
		ts.Fatalf("usage: break refuse|hang OPERATION...")
	}
	s := ts.Value(switchboardKey{}).(*switchboard)
	if args[0] == "hang" {
		s.hang(args[1:]...)
		return
	}
	s.refuse(args[1:]...)
}

func scriptMend(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) > 0 {
		ts.Fatalf("mend takes no arguments, and these are %s", strings.Join(args, " "))
	}
	ts.Value(switchboardKey{}).(*switchboard).mend()
}

type switchboardKey struct{}
