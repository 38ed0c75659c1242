package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

const contractsDir = "../../schemas/openapi"

func openForTest(t testing.TB) *Emulator {
	t.Helper()
	e, err := Open(context.Background(), Options{Contracts: os.DirFS(contractsDir)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestContractsAreValid(t *testing.T) {
	for _, s := range openForTest(t).services {
		if err := s.contract.load(nil); err != nil {
			t.Fatal(err)
		}
		// The BCS contract keeps documented values that break its own rules.
		if err := s.contract.doc.Validate(t.Context(), openapi3.DisableExamplesValidation(), openapi3.AllowExtraSiblingFields("minLength")); err != nil {
			t.Errorf("%s: %v", s.name, err)
		}
	}
}

func TestEveryOperationIsAnswered(t *testing.T) {
	services := openForTest(t).services
	for _, s := range services {
		if err := s.contract.load(s.relax); err != nil {
			t.Fatal(err)
		}
		inContract := map[string]bool{}
		for _, r := range s.contract.routes {
			inContract[r.id] = true
			if _, ok := s.operations[r.id]; !ok {
				t.Errorf("%s: %s is not answered", s.name, r.id)
			}
			sample := "/" + strings.NewReplacer("{", "", "}", "").Replace(strings.Join(r.segments, "/"))
			owner := ""
			for _, other := range services {
				if other.owns(split(sample)) {
					owner = other.name
					break
				}
			}
			if owner != s.name {
				t.Errorf("%s belongs to %s, but goes to %q", sample, s.name, owner)
			}
		}
		for id := range s.operations {
			if !inContract[id] {
				t.Errorf("%s: %s is not in the contract", s.name, id)
			}
		}
	}
}

// Every documented example of a request passes the check of requests.
func TestRequestExamplesPass(t *testing.T) {
	n := 0
	for _, s := range openForTest(t).services {
		if err := s.contract.load(s.relax); err != nil {
			t.Fatal(err)
		}
		for _, r := range s.contract.routes {
			body := r.route.Operation.RequestBody
			if body == nil || body.Value.Content["application/json"] == nil {
				continue
			}
			for name, example := range body.Value.Content["application/json"].Examples {
				n++
				data, err := json.Marshal(example.Value.Value)
				if err != nil {
					t.Fatal(err)
				}
				req := httptest.NewRequest(r.method, "/", bytes.NewReader(data))
				req.Header.Set("Content-Type", "application/json;charset=UTF-8")
				if _, broken := r.checkRequest(req, samplePath(r), data); broken != nil {
					t.Errorf("%s %s: %+v", r.id, name, broken)
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d examples found", n)
	}
}

// samplePath has a value for each path parameter.
func samplePath(r *route) map[string]string {
	params := map[string]string{}
	for _, s := range r.segments {
		if isParameter(s) {
			params[strings.Trim(s, "{}")] = "sample"
			if s == "{resource_type}" {
				params["resource_type"] = "huaweicloudchain" // the only one there is
			}
		}
	}
	return params
}

func TestFindOperation(t *testing.T) {
	e := openForTest(t)
	c := e.services[0].contract
	if err := c.load(nil); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ method, path, want, params string }{
		{"GET", "/v2/p/blockchains/flavors", "ShowBlockchainFlavors", "map[project_id:p]"},
		{"GET", "/v2/p/blockchains/one", "ShowBlockchainDetail", "map[blockchain_id:one project_id:p]"},
		{"GET", "/v2/p/blockchains/flavors/nodes", "ShowBlockchainNodes", "map[blockchain_id:flavors project_id:p]"},
		{"PUT", "/v2/p/blockchains/one/channel/peers/quit", "BatchRemovePeersFromChannel", "map[blockchain_id:one channel_id:channel project_id:p]"},
		{"GET", "/v2/p/blockchains/%E4%B8%AD%2F", "ShowBlockchainDetail", "map[blockchain_id:中/ project_id:p]"},
		{"DELETE", "/v2/p/blockchains/flavors", "DeleteBlockchain", "map[blockchain_id:flavors project_id:p]"},
		{"GET", "/v2/p/blockchains//nodes", "", "map[]"},
		{"PATCH", "/v2/p/blockchains", "", "map[]"},
		{"GET", "/v2", "", "map[]"},
	} {
		r, params := c.find(tc.method, tc.path)
		id := ""
		if r != nil {
			id = r.id
		}
		if id != tc.want || fmt.Sprint(params) != tc.params {
			t.Errorf("%s %s: %s %v, want %s %s", tc.method, tc.path, id, params, tc.want, tc.params)
		}
	}
}

// An answer that breaks its contract is never sent.
func TestBrokenAnswerIsRefused(t *testing.T) {
	e := openForTest(t)
	bcs := e.services[0]
	bcs.operations["ListBlockchains"] = func(c *call) (reply, error) {
		if err := c.put(&instance{ID: "x", Project: c.project}); err != nil {
			return reply{}, err
		}
		return answer(map[string]any{"count": "one"})
	}
	req := httptest.NewRequest(http.MethodGet, "/v2/"+DefaultProjectID+"/blockchains", nil)
	req.Header.Set("X-Auth-Token", tokenForTest(t, e))
	w := httptest.NewRecorder()
	e.ServeHTTP(w, req)
	if w.Code != 500 || !strings.Contains(w.Body.String(), bcsInternal) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	objects, err := e.Objects(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects {
		if o.Kind == kindInstance {
			t.Error("the work of a refused answer is kept")
		}
	}
}

// tokenForTest puts a token into the store.
func tokenForTest(t testing.TB, e *Emulator) string {
	t.Helper()
	const text = "MIItest"
	err := e.store.within(context.Background(), func(tx *tx) error {
		return tx.put(&token{Digest: tokenDigest(text), Project: DefaultProjectID, Issued: e.opts.Now()})
	})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// BenchmarkFirstAnswer is what a command pays for an emulator of its own: open,
// parse the contract of BCS, answer once.
func BenchmarkFirstAnswer(b *testing.B) {
	for range b.N {
		e, err := Open(context.Background(), Options{Contracts: os.DirFS(contractsDir)})
		if err != nil {
			b.Fatal(err)
		}
		req := httptest.NewRequest(http.MethodGet, "/v2/"+DefaultProjectID+"/blockchains", nil)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, req)
		if w.Code != 401 {
			b.Fatal(w.Code)
		}
		e.Close()
	}
}

// BenchmarkRead is a read of a list in an open emulator.
func BenchmarkRead(b *testing.B) {
	e := openForTest(b)
	token := tokenForTest(b, e)
	for b.Loop() {
		req := httptest.NewRequest(http.MethodGet, "/v2/"+DefaultProjectID+"/blockchains", nil)
		req.Header.Set("X-Auth-Token", token)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, req)
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
