package emulator

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3filter"
)

// parsed spares tests the parsing.
var parsed = sync.OnceValue(func() *Contracts { return ShareContracts(os.DirFS(contractsDir)) })

// world is a cloud with one of everything that HBS has.
type world struct {
	*Emulator
	t     *testing.T
	now   time.Time
	token string

	chain, besu, other string // IDs of instances; the last one for organizations to come
	orgs               map[string]string
	vpc, subnet        string
	backup, besuToken  string
	txs                map[string]string // a transaction by instance
	message            string            // a transaction with a message
}

// newWorld makes it through the API.
func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, now: time.Now(), orgs: map[string]string{}, txs: map[string]string{}}
	e, err := Open(t.Context(), Options{Contracts: parsed(), Now: func() time.Time { return w.now }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	w.Emulator = e
	w.token = tokenForTest(t, e)

	w.chain = w.buy("chain-of-two", "Platinum", kindHuaweiChain, "org1", "org2", "organization2")
	w.besu = w.buy("chain-besu", "Enterprise", kindBesu, "org1")
	w.other = w.buy("chain-other", "Enterprise", kindHuaweiChain, "seed")
	w.pass(25 * time.Minute)
	for _, o := range w.list(w.path(w.chain, "organizations"), "orgs") {
		w.orgs[o["name"].(string)] = o["chain_org_id"].(string)
	}
	w.vpc = w.json("POST", "/v1/{project}/vpcs", `{"vpc": {"name": "net", "cidr": "192.168.0.0/16"}}`)["vpc"].(map[string]any)["id"].(string)
	w.subnet = w.json("POST", "/v1/{project}/subnets", `{"subnet": {"name": "sub", "cidr": "192.168.1.0/24", "gateway_ip": "192.168.1.1", "vpc_id": "`+w.vpc+`"}}`)["subnet"].(map[string]any)["id"].(string)
	w.json("POST", w.path(w.chain, "endpoints"), fmt.Sprintf(`{"vpc_id": %q, "subnet_id": %q}`, w.vpc, w.subnet))
	w.json("POST", w.path(w.chain, "backups"), `{"type": "ManualBackup"}`)
	w.form("POST", w.path(w.chain, "chain/contract"), map[string]string{
		"name": "seed", "version": "1.0", "type": "go", "endorse_policy": "OR", "security_check": "true",
		"install_orgs": w.orgList("org1"), "endorse_orgs": w.orgList("org1"),
	}, archiveOf(t, "main.go"))
	w.form("POST", w.besuPath("chain/contracts"), map[string]string{"abi": "[]", "bytecode": "0x00"}, nil)
	w.do("POST", w.besuPath("chain/tokens"), "application/json", []byte(`{"description": "mine"}`))
	w.json("POST", "/v2/{project}/huaweicloudchain/"+w.chain+"/tags/create", `{"tags": [{"key": "a", "value": "b"}]}`)
	w.message = w.json("POST", "/v1/e2ee/org/encrypt", fmt.Sprintf(`{"target_org_ids": [%q], "message": "hello, this test message"}`, w.orgs["org2"]))["transaction_id"].(string)
	w.pass(5 * time.Minute)
	w.backup = w.list(w.path(w.chain, "backups"), "backups")[0]["id"].(string)
	w.besuToken = w.list(w.besuPath("chain/tokens"), "tokens")[0]["token_id"].(string)
	w.txs[w.chain] = w.list(w.path(w.chain, "chain/transactions?block_height=3"), "txs")[0]["id"].(string)
	w.txs[w.besu] = w.json("GET", w.besuPath("chain/transactions?block_height=2"), "")["txs"].(map[string]any)["hash"].(string)
	return w
}

// pass lets work go on that is documented to take d.
func (w *world) pass(d time.Duration) { w.now = w.now.Add(d / defaultSpeed) }

func (w *world) path(instance, rest string) string {
	return "/v2/{project}/huaweicloudchain/instances/" + instance + "/" + rest
}

func (w *world) besuPath(rest string) string {
	return "/v2/{project}/besu/instances/" + w.besu + "/" + rest
}

// do sends a request with a token, and returns status and body of the answer.
func (w *world) do(method, path, contentType string, body []byte) *httptest.ResponseRecorder {
	w.t.Helper()
	req := httptest.NewRequest(method, strings.ReplaceAll(path, "{project}", DefaultProjectID), bytes.NewReader(body))
	req.Header.Set("X-Auth-Token", w.token)
	if len(body) > 0 {
		req.Header.Set("Content-Type", contentType)
	}
	rec := httptest.NewRecorder()
	w.ServeHTTP(rec, req)
	return rec
}

// json sends JSON and expects success.
func (w *world) json(method, path, body string) map[string]any {
	w.t.Helper()
	rec := w.do(method, path, "application/json", []byte(body))
	if rec.Code >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
	var out map[string]any
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// list reads the entries of a list.
func (w *world) list(path, member string) []map[string]any {
	w.t.Helper()
	out := []map[string]any{}
	for _, v := range w.json("GET", path, "")[member].([]any) {
		out = append(out, v.(map[string]any))
	}
	return out
}

// form sends a form and expects success.
func (w *world) form(method, path string, values map[string]string, file []byte) {
	w.t.Helper()
	contentType, body := formOf(w.t, values, file)
	if rec := w.do(method, path, contentType, body); rec.Code >= 300 {
		w.t.Fatalf("%s %s: %d %s", method, path, rec.Code, rec.Body)
	}
}

func (w *world) orgList(names ...string) string {
	ids := []string{}
	for _, n := range names {
		ids = append(ids, w.orgs[n])
	}
	text, err := json.Marshal(ids)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// buy buys and pays an instance, and returns its ID.
func (w *world) buy(name, edition, kind string, orgs ...string) string {
	w.t.Helper()
	list := []map[string]string{}
	for _, o := range orgs {
		list = append(list, map[string]string{"name": o})
	}
	body, err := json.Marshal(map[string]any{
		"name": name, "edition": edition, "data_management": modeCloud, "type": kind, "orgs": list,
		"org_order_info": map[string]any{"is_auto_pay": true},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.json("POST", "/v2/{project}/huaweicloudchain/instances", string(body))["instance_id"].(string)
}

// formOf makes a multipart body.
func formOf(t *testing.T, values map[string]string, file []byte) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for name, value := range values {
		if err := m.WriteField(name, value); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := m.CreateFormFile("file", "contract.zip")
		if err != nil {
			t.Fatal(err)
		}
		part.Write(file)
	}
	m.Close()
	return m.FormDataContentType(), b.Bytes()
}

// archiveOf makes a zip archive with an entry of each name.
func archiveOf(t *testing.T, names ...string) []byte {
	t.Helper()
	var files []archiveFile
	for _, n := range names {
		files = append(files, archiveFile{n, "package main\n"})
	}
	data, err := pack(files, time.Unix(0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Every documented request is carried out, and its answer has all members of
// the documented answer.
func TestHBSExamples(t *testing.T) {
	template, n := newWorld(t), 0
	if err := template.services[1].contract.load(relaxHBS); err != nil {
		t.Fatal(err)
	}
	for _, r := range template.services[1].contract.routes {
		for _, example := range requestExamples(r) {
			n++
			t.Run(r.id+"/"+example.name, func(t *testing.T) {
				w := template
				if r.method != http.MethodGet {
					w = newWorld(t)
				}
				w.play(t, r, example.value)
			})
		}
	}
	if n < 55 {
		t.Errorf("only %d examples", n)
	}
}

// namedExample is a documented request; the body is nil where there is none.
type namedExample struct {
	name  string
	value map[string]any
}

func requestExamples(r *route) []namedExample {
	var out []namedExample
	if body := r.route.Operation.RequestBody; body != nil {
		for _, media := range body.Value.Content {
			for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
				out = append(out, namedExample{name, media.Examples[name].Value.Value.(map[string]any)})
			}
		}
	}
	if out == nil {
		out = []namedExample{{name: "plain"}}
	}
	return out
}

// play sends a documented request and looks at the answer.
func (w *world) play(t *testing.T, r *route, body map[string]any) {
	t.Helper()
	if strings.HasPrefix(r.id, "Update") {
		if err := w.Set(t.Context(), Settings{Versions: map[string]string{kindHuaweiChain: "9.9", kindBesu: "99.9"}}); err != nil {
			t.Fatal(err)
		}
	}
	contentType, data := "application/json", []byte(nil)
	if body != nil {
		contentType, data = w.body(r, body)
	}
	rec := w.do(r.method, w.pathOf(r), contentType, data)
	if rec.Code != r.success {
		t.Fatalf("%s: %d %s", w.pathOf(r), rec.Code, rec.Body)
	}
	if rec.Header().Get("Content-Type") == "application/zip" {
		if _, err := zip.NewReader(bytes.NewReader(rec.Body.Bytes()), int64(rec.Body.Len())); err != nil {
			t.Error(err)
		}
		return
	}
	media := r.route.Operation.Responses.Status(r.success).Value.Content["application/json"]
	if media == nil {
		return
	}
	var got any
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, ex := range media.Examples {
		holds(t, "", ex.Value.Value, got)
	}
}

// onChain finds IDs on the chain in examples.
var onChain = regexp.MustCompile(`(organization2|org1|org2)-[a-z0-9]{9}`)

// body is an example with the IDs of this world.
func (w *world) body(r *route, example map[string]any) (string, []byte) {
	w.t.Helper()
	text, err := json.Marshal(example)
	if err != nil {
		w.t.Fatal(err)
	}
	text = onChain.ReplaceAllFunc(text, func(id []byte) []byte {
		name, _, _ := strings.Cut(string(id), "-")
		return []byte(w.orgs[name])
	})
	text = []byte(strings.NewReplacer(
		"fab6baca-dd8c-4651-a2c2-33b72f776ac0", w.vpc, "c8b04b6a-a000-4aaf-bba8-813f5a90f438", w.subnet,
		"1feda96bbf878fe856f9801aed3de107c0dc832996ac6f99d8821350dc6c37c5", w.message,
	).Replace(string(text)))
	if r.route.Operation.RequestBody.Value.Content["multipart/form-data"] == nil {
		return "application/json", text
	}
	values, file := map[string]string{}, []byte(nil)
	if err := json.Unmarshal(text, &values); err != nil {
		w.t.Fatal(err)
	}
	if values["type"] == contractGo {
		file = archiveOf(w.t, "main.go")
	}
	return formOf(w.t, values, file)
}

// pathOf is the path of an operation in this world, with the query that it needs.
func (w *world) pathOf(r *route) string {
	instance := w.chain
	switch {
	case r.id == "CreateOrganization":
		instance = w.other
	case slices.Contains(r.segments, "besu"):
		instance = w.besu
	}
	job := w.list("/v2/{project}/huaweicloudchain/jobs", "jobs")[0]["id"].(string)
	path := strings.NewReplacer(
		"{project_id}", DefaultProjectID, "{instance_id}", instance, "{job_id}", job, "{block_height}", "1",
		"{transaction_id}", w.txs[w.chain], "{transaction_hash}", w.txs[w.besu], "{backup_id}", w.backup,
		"{token_id}", w.besuToken, "{resource_type}", "huaweicloudchain",
	).Replace("/" + strings.Join(r.segments, "/"))
	query := map[string]string{
		"ShowOrganization": "name=org1", "ShowContractNew": "name=seed", "ShowContractReport": "name=seed&language=zh-cn",
		"ListTransactions": "block_height=3", "ListBesuTransactions": "block_height=2", "ListBlockAndTxResult": "mode=hour",
	}[r.id]
	if query != "" {
		path += "?" + query
	}
	return path
}

// holds tells which members of the example an answer lacks. Lists are compared
// by their first entries.
func holds(t *testing.T, at string, example, got any) {
	t.Helper()
	switch want := example.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			t.Errorf("%s is %T, no object", at, got)
			return
		}
		for name, v := range want {
			if _, ok := have[name]; !ok {
				t.Errorf("%s/%s is missing", at, name)
				continue
			}
			holds(t, at+"/"+name, v, have[name])
		}
	case []any:
		have, ok := got.([]any)
		if !ok || len(want) > 0 && len(have) == 0 {
			if len(want) > 0 && at != "/txs/read_set" {
				t.Errorf("%s is %v, no list with entries", at, got)
			}
			return
		}
		if len(want) > 0 {
			holds(t, at+"/0", want[0], have[0])
		}
	}
}

// Every documented answer of BCS, HBS and BSS passes the check of answers.
func TestResponseExamplesPass(t *testing.T) {
	n := 0
	for _, s := range openForTest(t).services {
		if !slices.Contains([]string{"bcs", "hbs", "bss"}, s.name) {
			continue
		}
		if err := s.contract.load(s.relax); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.contract.routes {
			ok := r.route.Operation.Responses.Status(r.success).Value
			if ok.Content["application/json"] == nil {
				continue
			}
			for name, example := range ok.Content["application/json"].Examples {
				n++
				data, err := json.Marshal(example.Value.Value)
				if err != nil {
					t.Fatal(err)
				}
				input := &openapi3filter.RequestValidationInput{Request: httptest.NewRequest(r.method, "/", nil), Route: r.route, Options: options()}
				header := http.Header{"Content-Type": {"application/json"}}
				if err := r.checkResponse(t.Context(), input, r.success, header, data); err != nil {
					t.Errorf("%s %s: %v", r.id, name, err)
				}
			}
		}
	}
	if n < 70 {
		t.Errorf("only %d examples found", n)
	}
}

// The check of a form sees its values, and of its files only that they are there.
func TestWithoutFiles(t *testing.T) {
	contentType, body := formOf(t, map[string]string{"name": "value"}, []byte("the content of a file"))
	out := string(withoutFiles(contentType, body))
	if strings.Contains(out, "content of a file") || !strings.Contains(out, "value") || !strings.Contains(out, `filename="contract.zip"`) {
		t.Errorf("form without files: %q", out)
	}
	for _, other := range []string{"", "application/json", "multipart/form-data", "multipart/form-data; boundary=other"} {
		if got := withoutFiles(other, body[:len(body)/2]); !bytes.Equal(got, body[:len(body)/2]) {
			t.Errorf("%q: %q", other, got)
		}
	}
}

// Of two files none is taken.
func TestHBSTwoFiles(t *testing.T) {
	w := newWorld(t)
	contentType, body := formOf(t, map[string]string{"name": "x", "version": "1", "type": "go", "endorse_policy": "OR"}, []byte("one"))
	boundary := contentType[strings.Index(contentType, "boundary=")+len("boundary="):]
	part := "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"b.zip\"\r\n\r\ntwo\r\n"
	rec := w.do("POST", w.path(w.chain, "chain/contract"), contentType, append([]byte(part), body...))
	if rec.Code != 400 || !strings.Contains(rec.Body.String(), "exactly one") {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}

// All fifty operations of HBS are there.
func TestHBSIsWhole(t *testing.T) {
	s := hbsService()
	if len(s.operations) != 50 {
		t.Errorf("%d operations", len(s.operations))
	}
}
