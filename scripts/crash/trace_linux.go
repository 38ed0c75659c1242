package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
	"unsafe"
)

// What package syscall does not name: ptrace(2), wait(2).
const (
	optionSysGood    = 0x1      // PTRACE_O_TRACESYSGOOD: stops at system calls are marked
	optionFork       = 0x2      // PTRACE_O_TRACEFORK
	optionVfork      = 0x4      // PTRACE_O_TRACEVFORK
	optionClone      = 0x8      // PTRACE_O_TRACECLONE: new threads are traced too
	optionExitKill   = 0x100000 // PTRACE_O_EXITKILL: nothing outlives its tracer
	getSyscallInfo   = 0x420e   // PTRACE_GET_SYSCALL_INFO, Linux 5.3
	waitAll          = 0x40000000
	waitOfThread     = 0x20000000 // only what this thread started or traces
	sysGoodTrap      = syscall.SIGTRAP | 0x80
	syscallInfoEntry = 1
	syscallInfoExit  = 2
)

// canTrace tells whether this system lets a process stop another one at its
// system calls.
const canTrace = true

// tracer runs a command under ptrace and watches its syncs. All of it happens
// on one thread, as ptrace wants it.
type tracer struct {
	cmd     *exec.Cmd
	dir     string // the syncs of what lies in this folder count, and of itself
	point   point
	started func() // called when there is a process, or none could be started

	pid     int
	syncs   int
	syncing map[int]string // by thread: the file whose sync it has begun
	known   map[int]bool   // threads that have been seen
	killed  bool
	synced  map[uint64][]byte // by inode: what a file held when it was last synced
	names   map[string]uint64 // what the folder held when it was last synced: inodes by name
}

// trace runs a command and kills it at a sync of the state's files. A command
// that ends before is not killed. At a request somebody else kills it.
func trace(cmd *exec.Cmd, dir string, p point, started func()) (*tracer, error) {
	t := &tracer{cmd: cmd, dir: dir, point: p, started: started, syncing: map[int]string{}, known: map[int]bool{}, synced: map[uint64][]byte{}}
	done := make(chan error, 1)
	go func() {
		// The thread is not given back: it ends with its goroutine.
		runtime.LockOSThread()
		done <- t.run()
	}()
	return t, <-done
}

func (t *tracer) run() error {
	// In a group of its own it can be waited for without reaping others, which
	// this thread may have started before.
	t.cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true}
	err := t.cmd.Start()
	t.started()
	if err != nil {
		if errors.Is(err, syscall.EPERM) {
			return fmt.Errorf("this system does not permit ptrace, without which nothing can be killed at a sync (in a container: --cap-add SYS_PTRACE): %w", err)
		}
		return err
	}
	t.pid = t.cmd.Process.Pid
	defer t.cmd.Process.Release() //nolint:errcheck // it is reaped here
	var status syscall.WaitStatus
	if _, err := t.next(&status); err != nil {
		return err
	}
	const options = optionSysGood | optionFork | optionVfork | optionClone | optionExitKill
	if err := syscall.PtraceSetOptions(t.pid, options); err != nil {
		return fmt.Errorf("set the options of ptrace: %w", err)
	}
	t.known[t.pid] = true
	defer time.AfterFunc(patience, func() { syscall.Kill(t.pid, syscall.SIGKILL) }).Stop() //nolint:errcheck // it may have ended
	return t.follow()
}

// follow lets the threads go on from stop to stop until the process has ended.
func (t *tracer) follow() error {
	for tid, signal := t.pid, 0; ; {
		if err := syscall.PtraceSyscall(tid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("let thread %d go on: %w", tid, err)
		}
		var status syscall.WaitStatus
		var err error
		for {
			if tid, err = t.next(&status); err != nil {
				return err
			}
			if status.Stopped() {
				break
			}
			if tid == t.pid {
				return t.ended(status)
			}
		}
		if signal, err = t.stopped(tid, status); err != nil {
			return err
		}
	}
}

// next waits for a thread of the process.
func (t *tracer) next(status *syscall.WaitStatus) (int, error) {
	for {
		tid, err := syscall.Wait4(-t.pid, status, waitAll|waitOfThread, nil)
		if !errors.Is(err, syscall.EINTR) {
			return tid, err
		}
	}
}

func (t *tracer) ended(status syscall.WaitStatus) error {
	switch {
	case status.Signaled() && status.Signal() == syscall.SIGKILL && (t.killed || t.point.at == atRequest):
		return nil
	case t.killed:
		return fmt.Errorf("it was to be killed and ended with %v", status)
	case status.Signaled():
		return fmt.Errorf("it was ended by the signal %v", status.Signal())
	case status.ExitStatus() != 0:
		return fmt.Errorf("it exits %d", status.ExitStatus())
	}
	return nil
}

// stopped looks at why a thread stopped and returns the signal to hand on to it.
func (t *tracer) stopped(tid int, status syscall.WaitStatus) (int, error) {
	first := !t.known[tid]
	t.known[tid] = true
	switch signal := status.StopSignal(); {
	case signal == sysGoodTrap:
		return 0, t.atSyscall(tid)
	case signal == syscall.SIGTRAP: // a new thread, or the program was loaded
		return 0, nil
	case signal == syscall.SIGSTOP && first:
		return 0, nil // how a new thread begins
	default:
		return int(signal), nil
	}
}

// syscallInfo is struct ptrace_syscall_info, as far as an entry fills it.
type syscallInfo struct {
	op    uint8
	_     [3]uint8
	_     uint32 // architecture
	_, _  uint64 // instruction and stack pointers
	nr    uint64 // at an exit: the result
	first uint64
	_     [5]uint64
}

// atSyscall counts the syncs, and kills at the one that is waited for.
func (t *tracer) atSyscall(tid int) error {
	var info syscallInfo
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, getSyscallInfo, uintptr(tid), unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	switch {
	case errno == syscall.ESRCH:
		return nil // killed meanwhile
	case errno != 0:
		return fmt.Errorf("ask which system call it is: %w", errno)
	case info.op == syscallInfoEntry && (info.nr == syscall.SYS_FSYNC || info.nr == syscall.SYS_FDATASYNC):
		return t.syncBegins(tid, int(info.first))
	case info.op == syscallInfoExit && t.syncing[tid] != "":
		return t.syncEnds(tid)
	}
	return nil
}

func (t *tracer) syncBegins(tid, fd int) error {
	file, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", t.pid, fd))
	if err != nil || file != t.dir && !strings.HasPrefix(file, t.dir+string(filepath.Separator)) {
		return nil
	}
	t.syncs++
	t.syncing[tid] = file
	if t.due() && (t.point.when == before || t.point.when == powerLoss) {
		return t.kill()
	}
	return nil
}

func (t *tracer) syncEnds(tid int) error {
	file := t.syncing[tid]
	delete(t.syncing, tid)
	if t.killed {
		return nil
	}
	if t.point.when == powerLoss {
		if err := t.keep(file); err != nil {
			return err
		}
	}
	if t.due() && t.point.when == after {
		return t.kill()
	}
	return nil
}

// due tells whether the sync is there that is waited for.
func (t *tracer) due() bool { return t.point.at == atSync && t.syncs >= t.point.n }

func (t *tracer) kill() error {
	t.killed = true
	return syscall.Kill(t.pid, syscall.SIGKILL)
}

// keep remembers what a file holds at the moment of its sync.
func (t *tracer) keep(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return nil // renamed or removed since it was opened
	}
	if info.IsDir() {
		return t.keepNames()
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("keep what was synced: %w", err)
	}
	t.synced[inode(info)] = content
	return nil
}

func (t *tracer) keepNames() error {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return fmt.Errorf("keep the names that were synced: %w", err)
	}
	t.names = map[string]uint64{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // it may be gone again
			t.names[e.Name()] = inode(info)
		}
	}
	return nil
}

func inode(info os.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}

// losePower gives each file the content that it had when it was last synced, and
// takes away the names that the folder did not have then, as if the machine and
// not only the process had died. What was there before the command began counts
// as synced. Names that were removed since stay so.
func (t *tracer) losePower(prepared map[string][]byte) error {
	entries, err := os.ReadDir(t.dir)
	if err != nil {
		return nil // not made yet
	}
	for _, e := range entries {
		path := filepath.Join(t.dir, e.Name())
		info, err := e.Info()
		if err != nil {
			return err
		}
		was, there := prepared[e.Name()]
		content, synced := t.synced[inode(info)]
		if !synced {
			content = was
		}
		if !there && t.names[e.Name()] != inode(info) || strings.HasSuffix(path, "-shm") { // which is made anew from the log
			err = os.Remove(path)
		} else {
			err = os.WriteFile(path, content, 0o600)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
