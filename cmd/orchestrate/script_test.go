package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orchestrate-tosca/orchestrate/executor/state"
	"github.com/orchestrate-tosca/orchestrate/providers/emulator"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// Stories spend more of their time waiting than computing, so more of them run at
// the same time than there are processors, unless -parallel says how many.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"orchestrate": main, "orchestrate-brief": briefMain})
}

// The stories: one file each, with the whole command as users run it. They
// know these commands of their own, and those of acceptCommands:
//
//	exits CODE command...    run a command and expect an exit code
//	holds SCHEMA FILE        each line of a file (or stdout) keeps a JSON Schema
//	document SCHEMA FILE     the whole file (or stdout) does
//	emulate [OPTION=X]       start an emulator, its URL in $CLOUD, credentials set
//	tenant NAME              take the credentials of another tenant of the emulator
//	break refuse|hang OP...  from now on these operations of emulators fail, or are never answered
//	mend                     everything works again
//	hold STACK               take the lease of a stack in .orchestrate/state.db
//	absent TEXT DIR          no file below a folder holds the text
//	mode FILE OCTAL          a file has these permissions
//	pack zip|tgz FILE DIR    make a package of what lies in a folder
//	pipeline FILE            run the commands of a pipeline, in their order
func TestScripts(t *testing.T) {
	blueprints, err := filepath.Abs("../../blueprints")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Files:         stories(t),
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("BLUEPRINTS", blueprints)
			e.Values[switchboardKey{}] = &switchboard{}
			e.Values[canaryKey{}] = cage{}
			e.Values[projectsKey{}] = map[string]map[string]string{}
			// Built with -race, each of the many short processes would
			// otherwise sleep for a second before it exits. And a race that is
			// found would change no exit code other than 0.
			e.Setenv("GORACE", "atexit_sleep_ms=10 halt_on_error=1")
			// On a machine with much else to do, an answer that takes its time
			// must not end a story, nor be told of in it.
			e.Setenv("ORCHESTRATE_PATIENCE", "10m")
			return nil
		},
		Cmds: withAccept(map[string]func(*testscript.TestScript, bool, []string){
			"exits": scriptExits, "holds": scriptHolds, "document": scriptDocument, "emulate": scriptEmulate,
			"hold": scriptHold, "absent": scriptAbsent, "mode": scriptMode, "pack": scriptPack,
			"break": scriptBreak, "mend": scriptMend, "tenant": scriptTenant, "pipeline": scriptPipeline,
		}),
	})
}

// stories are the files to run: all of them, but under the race detector those of
// raced only.
func stories(t *testing.T) []string {
	all, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(all) == 0 {
		t.Fatal("no stories are found", err)
	}
	if !underRace {
		return all
	}
	var files []string
	for _, name := range raced {
		file := filepath.Join("testdata/script", name+".txtar")
		if !slices.Contains(all, file) {
			t.Fatalf("%s is no story", file)
		}
		files = append(files, file)
	}
	return files
}

// raced are the stories in which something else runs at once than in the others:
// a command beside another, a call that hangs, fails or is lost while work goes on,
// an upload, a process that follows, is cancelled or dies. Each kind of command is
// among them. What the others tell about goes the same way through the program,
// and is left to the tests without the race detector.
var raced = []string{
	"adopt", "audit", "cancel", "cloud", "consortium", "contract", "drift", "e2ee", "events", "failures", "faults", "files",
	"first-run", "follow", "hbs-raft", "heal", "health", "import", "on_failure", "planfile", "prices", "retry", "rollback_data", "timeline", "unlock",
}

func scriptExits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	if neg || err != nil {
		ts.Fatalf("usage: exits CODE command...")
	}
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func scriptHolds(ts *testscript.TestScript, _ bool, args []string) {
	for i, line := range strings.Split(strings.TrimSpace(ts.ReadFile(args[1])), "\n") {
		validateJSON(ts, args[0], line, "line "+strconv.Itoa(i+1))
	}
}

func scriptDocument(ts *testscript.TestScript, _ bool, args []string) {
	validateJSON(ts, args[0], ts.ReadFile(args[1]), args[1])
}

func validateJSON(ts *testscript.TestScript, schema, text, what string) {
	s, err := compiledSchema(schema)
	ts.Check(err)
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("%s is no JSON: %v\n%s", what, err, text)
	}
	for _, x := range s.Validate(v) {
		ts.Logf("%s: %s: %s: %s", what, x.Pointer, x.Keyword, x.Message)
		defer ts.Fatalf("%s breaks the schema %q\n%s", what, schema, text)
	}
}

// compiledSchemas are the JSON Schemas that stories hold output to, by name.
var compiledSchemas sync.Map

func compiledSchema(name string) (*schemas.Schema, error) {
	known, _ := compiledSchemas.LoadOrStore(name, sync.OnceValues(func() (*schemas.Schema, error) { return schemas.Named(name) }))
	return known.(func() (*schemas.Schema, error))()
}

func scriptPack(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: pack zip|tgz FILE DIR")
	}
	var packed bytes.Buffer
	if args[0] == "zip" {
		w := zip.NewWriter(&packed)
		ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[2]))))
		ts.Check(w.Close())
	} else {
		z := gzip.NewWriter(&packed)
		w := tar.NewWriter(z)
		ts.Check(w.AddFS(os.DirFS(ts.MkAbs(args[2]))))
		ts.Check(w.Close())
		ts.Check(z.Close())
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), packed.Bytes(), 0o600))
}

func scriptEmulate(ts *testscript.TestScript, _ bool, args []string) {
	opts := emulator.Options{Contracts: sharedContracts, Speed: 1e5, Faults: ts.Value(switchboardKey{}).(*switchboard)}
	for _, a := range args {
		name, value, _ := strings.Cut(a, "=")
		n, err := strconv.Atoi(value)
		ts.Check(err)
		switch name {
		case "quota":
			opts.InstanceQuota = n
		case "speed":
			opts.Speed = float64(n)
		default:
			ts.Fatalf("emulate: unknown option %q", name)
		}
	}
	cloud, err := emulator.Open(context.Background(), opts)
	ts.Check(err)
	srv := httptest.NewServer(cloud)
	ts.Defer(func() {
		srv.Close()
		cloud.Close()
	})
	ts.Setenv("CLOUD", srv.URL)
	maps.Copy(ts.Value(projectsKey{}).(map[string]map[string]string), cloud.Projects())
	scriptTenant(ts, false, []string{emulator.DefaultUserName})
}

// projectsKey finds the credentials of the tenants of the emulator, by name.
type projectsKey struct{}

func scriptTenant(ts *testscript.TestScript, _ bool, args []string) {
	env, ok := ts.Value(projectsKey{}).(map[string]map[string]string)[args[0]]
	if !ok {
		ts.Fatalf("tenant: nobody is called %q, or there is no emulator", args[0])
	}
	for k, v := range env {
		ts.Setenv(k, v)
	}
}

func scriptHold(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(".orchestrate/state.db")
	store, err := state.OpenSQLite(context.Background(), path, state.NewKeyring("", path))
	ts.Check(err)
	ts.Defer(func() { store.Close() })
	_, err = store.Acquire(context.Background(), args[0], state.NewOwner("orchestrate apply", time.Now()), time.Minute)
	ts.Check(err)
}

func scriptAbsent(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(b), args[0]) {
			ts.Fatalf("%s holds %q", path, args[0])
		}
		return err
	}))
}

func scriptMode(ts *testscript.TestScript, _ bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := strconv.FormatInt(int64(info.Mode().Perm()), 8); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}
