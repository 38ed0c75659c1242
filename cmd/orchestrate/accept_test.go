package main

import (
	"bufio"
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orchestrate-tosca/orchestrate/dsl"
	"github.com/orchestrate-tosca/orchestrate/schemas"
)

// Commands of the stories accept_*:
//
//	[!] json FILE PATH [VALUE]            the value at PATH of a JSON file is (not) there, or is (not) VALUE;
//	                                      PATH has keys, indexes and key=text for the item of a list
//	set NAME FILE PATH                    take a variable from a JSON file
//	until FILE REGEXP                     wait until a file that another process writes matches
//	signal SIGNALS REGEXP CODE command... run a command, send it signals (INT,TERM,KILL) as soon as its
//	                                      standard error matches, and expect an exit code; KILL gives -1;
//	                                      what it wrote is in the files out and err
//	letin FILE                            take URL and credentials from the first line of an emulator
//	request HOW STATUS METHOD PATH [BODY] send a request to $CLOUD, with its answer in the file answer;
//	                                      HOW is signed, forged, or none
//	[!] fits SCHEMA FILE...               YAML files keep (each breaks) a JSON Schema that is in a file
//	[!] overlap FILE NODE NODE            two steps of executions ID --json ran at the same time
var acceptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"json": acceptJSON, "until": acceptUntil, "signal": acceptSignal, "letin": acceptLetIn, "request": acceptRequest,
	"overlap": acceptOverlap, "fits": acceptFits, "set": acceptSet,
}

func withAccept(commands map[string]func(*testscript.TestScript, bool, []string)) map[string]func(*testscript.TestScript, bool, []string) {
	maps.Copy(commands, acceptCommands)
	maps.Copy(commands, canaryCommands)
	return commands
}

func acceptFits(ts *testscript.TestScript, neg bool, args []string) {
	schema, err := schemas.Compile([]byte(ts.ReadFile(args[0])))
	ts.Check(err)
	for _, file := range args[1:] {
		data, diags := dsl.ParseData(file, []byte(ts.ReadFile(file)))
		ts.Check(diags.Err())
		if broken := schema.Validate(data.Plain()); (broken != nil) != neg {
			ts.Fatalf("%s: %v", file, broken)
		}
	}
}

func acceptParse(ts *testscript.TestScript, file string) any {
	var v any
	text := ts.ReadFile(file)
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		ts.Fatalf("%s is no JSON: %v\n%s", file, err, text)
	}
	return v
}

func acceptWalk(v any, path string) (any, bool) {
	for _, key := range strings.Split(path, "/") {
		switch x := v.(type) {
		case map[string]any:
			y, ok := x[key]
			if !ok {
				return nil, false
			}
			v = y
		case []any:
			y, ok := acceptItem(x, key)
			if !ok {
				return nil, false
			}
			v = y
		default:
			return nil, false
		}
	}
	return v, true
}

func acceptItem(list []any, key string) (any, bool) {
	if i, err := strconv.Atoi(key); err == nil {
		if i >= len(list) {
			return nil, false
		}
		return list[i], true
	}
	name, want, _ := strings.Cut(key, "=")
	for _, item := range list {
		if m, ok := item.(map[string]any); ok && m[name] == want {
			return item, true
		}
	}
	return nil, false
}

func acceptJSON(ts *testscript.TestScript, neg bool, args []string) {
	got, found := acceptWalk(acceptParse(ts, args[0]), args[1])
	same := found
	if len(args) > 2 && found {
		var want any
		ts.Check(json.Unmarshal([]byte(args[2]), &want))
		same = reflect.DeepEqual(got, want)
	}
	if same == neg {
		text, _ := json.MarshalIndent(got, "", "  ")
		ts.Fatalf("%s of %s (found: %v):\n%s", args[1], args[0], found, text)
	}
}

func acceptUntil(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile("(?m)" + args[1])
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err == nil && re.Match(text) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%s never matched %s:\n%s", args[0], args[1], text)
		}
	}
}

func acceptSignal(ts *testscript.TestScript, _ bool, args []string) {
	re := regexp.MustCompile(args[1])
	path := ts.MkAbs(args[3])
	if args[3] == "orchestrate" {
		for _, dir := range strings.Split(ts.Getenv("PATH"), string(os.PathListSeparator)) {
			if _, err := os.Stat(dir + "/orchestrate"); err == nil {
				path = dir + "/orchestrate"
				break
			}
		}
	}
	cmd := exec.Command(path, args[4:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "WORK", "HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_PROJECT_ID", "HW_REGION_NAME", "GORACE", "GOCOVERDIR"} {
		if v := ts.Getenv(name); v != "" {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	var out, seen bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	defer time.AfterFunc(30*time.Second, func() { _ = cmd.Process.Kill() }).Stop()
	signals := strings.Split(args[0], ",")
	for r := bufio.NewScanner(stderr); r.Scan(); {
		fmt.Fprintln(&seen, r.Text())
		// The next signal waits for the answer to the one before.
		if len(signals) > 0 && (re.MatchString(r.Text()) || len(signals) < len(strings.Split(args[0], ","))) {
			_ = cmd.Process.Signal(map[string]os.Signal{"INT": os.Interrupt, "TERM": syscall.SIGTERM, "KILL": os.Kill}[signals[0]])
			signals = signals[1:]
		}
	}
	err = cmd.Wait()
	ts.Check(os.WriteFile(ts.MkAbs("out"), out.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs("err"), seen.Bytes(), 0o600))
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		ts.Check(err)
	}
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[2] || len(signals) > 0 {
		ts.Fatalf("exit code %s, want %s; signals left: %v\n%s%s", got, args[2], signals, &out, &seen)
	}
}

func acceptLetIn(ts *testscript.TestScript, _ bool, args []string) {
	line, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	var first struct {
		URL string            `json:"url"`
		Env map[string]string `json:"env"`
	}
	ts.Check(json.Unmarshal([]byte(line), &first))
	ts.Setenv("CLOUD", first.URL)
	for k, v := range first.Env {
		ts.Setenv(k, v)
	}
}

// acceptRequest signs on its own, so that the emulator is not only held to
// what the SDK sends.
func acceptRequest(ts *testscript.TestScript, _ bool, args []string) {
	how, status, method, path := args[0], args[1], args[2], args[3]
	path = strings.ReplaceAll(path, "PROJECT", ts.Getenv("HW_PROJECT_ID"))
	var body []byte
	if len(args) > 4 {
		body = []byte(ts.ReadFile(args[4]))
	}
	req, err := http.NewRequest(method, ts.Getenv("CLOUD")+path, bytes.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	if how != "none" {
		date := time.Now().UTC().Format("20060102T150405Z")
		req.Header.Set("X-Sdk-Date", date)
		uri, query, _ := strings.Cut(path, "?")
		sum := sha256.Sum256(body)
		canonical := method + "\n" + uri + "/\n" + query + "\nhost:" + req.URL.Host + "\nx-sdk-date:" + date +
			"\n\nhost;x-sdk-date\n" + hex.EncodeToString(sum[:])
		sum = sha256.Sum256([]byte(canonical))
		mac := hmac.New(sha256.New, []byte(ts.Getenv("HW_SECRET_KEY")))
		mac.Write([]byte("SDK-HMAC-SHA256\n" + date + "\n" + hex.EncodeToString(sum[:])))
		signature := mac.Sum(nil)
		if how == "forged" {
			signature[0] ^= 1
		}
		req.Header.Set("Authorization", "SDK-HMAC-SHA256 Access="+ts.Getenv("HW_ACCESS_KEY")+
			", SignedHeaders=host;x-sdk-date, Signature="+hex.EncodeToString(signature))
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("answer"), answer, 0o600))
	if strconv.Itoa(resp.StatusCode) != status {
		ts.Fatalf("%s %s: status %d, want %s\n%s", method, path, resp.StatusCode, status, answer)
	}
}

func acceptOverlap(ts *testscript.TestScript, neg bool, args []string) {
	doc := acceptParse(ts, args[0])
	times := make([]time.Time, 0, 4)
	for _, node := range args[1:] {
		for _, key := range []string{"started", "ended"} {
			v, _ := acceptWalk(doc, "steps/node="+node+"/"+key)
			text, _ := v.(string)
			at, err := time.Parse(time.RFC3339Nano, text)
			ts.Check(err)
			times = append(times, at)
		}
	}
	if (times[0].Before(times[3]) && times[2].Before(times[1])) == neg {
		ts.Fatalf("%v", times)
	}
}

func acceptSet(ts *testscript.TestScript, _ bool, args []string) {
	v, found := acceptWalk(acceptParse(ts, args[1]), args[2])
	text, ok := v.(string)
	if !found || !ok {
		ts.Fatalf("%s of %s is no text: %v", args[2], args[1], v)
	}
	ts.Setenv(args[0], text)
}
