package state

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/user"
	"strconv"
	"strings"
	"time"
)

// NewOwner describes this process as the owner of leases. command is what the
// user typed, without secrets.
func NewOwner(command string, now time.Time) Owner {
	id := make([]byte, 8)
	rand.Read(id) // never fails (crypto/rand)
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return Owner{
		ID:      hex.EncodeToString(id),
		Host:    host,
		PID:     os.Getpid(),
		User:    name,
		Command: command,
		Since:   now.UTC(),
		Process: processIdentity(os.Getpid()),
	}
}

// dead reports whether an owner is known to run no more: only its own machine
// can tell. A PID may belong to a younger process, so where /proc exists the
// start time is compared as well; where it does not, a reused PID keeps the
// lease until it runs out. Containers may share a host name without sharing
// processes: an owner of another boot or PID namespace is never called dead.
func (o Owner) dead(self Owner) bool {
	if o.Host != self.Host || o.PID <= 0 || namespace(o.Process) != namespace(self.Process) {
		return false
	}
	if !running(o.PID) {
		return true
	}
	now := processIdentity(o.PID)
	return o.Process != "" && now != "" && now != o.Process
}

// namespace cuts the start time off a process identity.
func namespace(process string) string {
	i := strings.LastIndexByte(process, '/')
	return process[:max(i, 0)]
}

// processIdentity is "boot/PID namespace/start time" of a process, "" where
// /proc does not tell.
func processIdentity(pid int) string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	ns, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	start := startTime(string(stat))
	if start == "" {
		return ""
	}
	return strings.TrimSpace(string(boot)) + "/" + ns + "/" + start
}

// startTime is field 22 of /proc/PID/stat, in clock ticks since boot (proc(5));
// "ended" for a process that only waits for its parent to notice, which still
// answers to signals. Field 2, the command in parentheses, may hold blanks and
// parentheses itself.
func startTime(stat string) string {
	rest := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	switch {
	case len(rest) < 20:
		return ""
	case rest[0] == "Z" || rest[0] == "X":
		return "ended"
	}
	return rest[19]
}

// Place is a part of a cloud. What is not known of it is "".
type Place struct {
	Cloud   string `json:"cloud,omitempty"` // huaweicloud, local, or endpoint for one that is given by its URL
	Region  string `json:"region,omitempty"`
	Project string `json:"project,omitempty"` // its ID
}

// Differs reports whether two places are known not to be the same.
func (p Place) Differs(q Place) bool {
	unlike := func(a, b string) bool { return a != "" && b != "" && a != b }
	return unlike(p.Cloud, q.Cloud) || unlike(p.Region, q.Region) || unlike(p.Project, q.Project)
}

// String tells what is known of the place.
func (p Place) String() string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"cloud", p.Cloud}, {"region", p.Region}, {"project", p.Project}} {
		if part.value != "" {
			parts = append(parts, part.name+" "+part.value)
		}
	}
	if len(parts) == 0 {
		return "an unknown place"
	}
	return strings.Join(parts, ", ")
}
