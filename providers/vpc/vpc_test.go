package vpc_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/vpc"
)

// script is a cloud that answers each call with what the test says, the last
// answer again and again. It keeps the bodies of changing requests.
type script struct {
	t       *testing.T
	mu      sync.Mutex
	answers map[string][]string // by "METHOD path below the project"
	sent    []string
}

// ServeHTTP implements http.Handler; an answer that begins with a number is a
// status.
func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := r.Method + " " + strings.TrimPrefix(r.URL.Path, "/v1/p/")
	if r.Method != http.MethodGet {
		body, _ := io.ReadAll(r.Body)
		s.sent = append(s.sent, strings.TrimSpace(string(body)))
	}
	queue := s.answers[key]
	if len(queue) == 0 {
		s.t.Errorf("unexpected call %s", key)
		queue = []string{"500"}
	}
	if len(queue) > 1 {
		s.answers[key] = queue[1:]
	}
	var status int
	if n, _ := fmt.Sscanf(queue[0], "%d", &status); n == 1 {
		w.WriteHeader(status)
		if status >= 400 {
			fmt.Fprint(w, `{"code":"VPC.0999","message":"refused"}`)
		}
		return
	}
	fmt.Fprint(w, queue[0])
}

func start(t *testing.T, answers map[string][]string) (*script, providers.Registry) {
	t.Helper()
	s := &script{t: t, answers: answers}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	env := map[string]string{"HW_ACCESS_KEY": "a", "HW_SECRET_KEY": "some-secret", "HW_PROJECT_ID": "p"}
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: server.URL, Env: func(n string) string { return env[n] }, FirstWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	reg := providers.Registry{}
	vpc.Register(reg, c)
	return s, reg
}

// drive advances an action until it is done, fails or took 20 steps; it does
// not wait.
func drive(t *testing.T, p providers.Provider, req *providers.Request, resumed bool) (providers.Progress, error) {
	t.Helper()
	var op providers.Operation
	for range 20 {
		progress, err := p.Advance(t.Context(), req, op, resumed)
		if err != nil || progress.Done {
			return progress, err
		}
		op, resumed = progress.Next, false
	}
	return providers.Progress{}, errors.New("does not end")
}

func kindOf(err error) providers.Kind {
	var e *providers.Error
	errors.As(err, &e)
	if e == nil {
		return ""
	}
	return e.Kind
}

func vpcIs(status string) string {
	return fmt.Sprintf(`{"vpc":{"id":"v1","name":"s-net","cidr":"10.0.0.0/8","status":%q,"enterprise_project_id":"0"}}`, status)
}

func subnetIs(status string) string {
	return fmt.Sprintf(`{"subnet":{"id":"n1","name":"part","cidr":"10.1.0.0/24","gateway_ip":"10.1.0.1","vpc_id":"v1","dhcp_enable":true,
		"dnsList":["1.1.1.1","2.2.2.2","3.3.3.3"],"neutron_network_id":"nn","neutron_subnet_id":"ns","status":%q}}`, status)
}

func subnet() map[string]any {
	return map[string]any{"name": "part", "vpcId": "v1", "cidr": "10.1.0.0/24", "gateway": "10.1.0.1", "dhcpEnable": true, "dnsList": []any{"1.1.1.1", "2.2.2.2", "3.3.3.3"}}
}

func TestCreateVPC(t *testing.T) {
	s, reg := start(t, map[string][]string{
		"GET vpcs": {`{"vpcs":[]}`}, "POST vpcs": {vpcIs("CREATING")}, "GET vpcs/v1": {"404", vpcIs("CREATING"), vpcIs("OK")},
	})
	req := &providers.Request{Action: providers.Create, Stack: "s", Node: "net", Properties: map[string]any{"name": "", "cidr": "10.0.0.0/8"}}
	p, err := drive(t, reg["VPC.VPC"], req, false)
	if err != nil {
		t.Fatal(err)
	}
	want := &providers.Object{
		ID:         "v1",
		Attributes: map[string]any{"refID": "v1", "refName": "s-net", "status": "OK"},
		Properties: map[string]any{"name": "", "cidr": "10.0.0.0/8"},
	}
	if diff := cmp.Diff(want, p.Object); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{`{"vpc":{"cidr":"10.0.0.0/8","name":"s-net","description":""}}`}, s.sent); diff != "" {
		t.Error(diff)
	}
}

func TestCreateSubnet(t *testing.T) {
	s, reg := start(t, map[string][]string{
		"GET subnets": {`{"subnets":[]}`}, "POST subnets": {subnetIs("UNKNOWN")}, "GET subnets/n1": {subnetIs("UNKNOWN"), subnetIs("ACTIVE")},
	})
	p, err := drive(t, reg["VPC.Subnet"], &providers.Request{Action: providers.Create, Properties: subnet()}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := &providers.Object{
		ID:         "n1",
		Attributes: map[string]any{"refID": "n1", "refName": "part", "vpcId": "v1", "status": "ACTIVE", "neutron_network_id": "nn", "neutron_subnet_id": "ns"},
		Properties: subnet(),
	}
	if diff := cmp.Diff(want, p.Object); diff != "" {
		t.Error(diff)
	}
	const body = `{"subnet":{"name":"part","description":"","cidr":"10.1.0.0/24","vpc_id":"v1","gateway_ip":"10.1.0.1","dhcp_enable":true,` +
		`"primary_dns":"1.1.1.1","secondary_dns":"2.2.2.2","dnsList":["1.1.1.1","2.2.2.2","3.3.3.3"]}}`
	if diff := cmp.Diff([]string{body}, s.sent); diff != "" {
		t.Error(diff)
	}
}

func TestSubnetInError(t *testing.T) {
	_, reg := start(t, map[string][]string{"GET subnets": {`{}`}, "POST subnets": {subnetIs("UNKNOWN")}, "GET subnets/n1": {subnetIs("ERROR")}})
	if _, err := drive(t, reg["VPC.Subnet"], &providers.Request{Action: providers.Create, Properties: subnet()}, false); kindOf(err) != providers.Failed {
		t.Errorf("%v", err)
	}
}

// Ports outlive their server by seconds, so what is in use is waited for.
func TestDelete(t *testing.T) {
	for name, tt := range map[string]struct {
		refusal string // answer to DELETE
		after   string // answer to the look afterwards
		done    bool
		kind    providers.Kind
	}{
		"done":         {"204", "404", true, ""},
		"gone before":  {"404", "", true, ""},
		"in use":       {"409", "", false, providers.Busy},
		"not allowed":  {"403", "", false, providers.Auth},
		"look refused": {"204", "401", false, providers.Auth},
	} {
		for typ, path := range map[string]string{"VPC.VPC": "vpcs/v1", "VPC.Subnet": "vpcs/v1/subnets/n1"} {
			t.Run(name+" "+typ, func(t *testing.T) {
				answers := map[string][]string{"DELETE " + path: {tt.refusal}}
				id := path[strings.LastIndex(path, "/")+1:]
				if tt.after != "" {
					answers["GET "+map[string]string{"VPC.VPC": "vpcs/v1", "VPC.Subnet": "subnets/n1"}[typ]] = []string{tt.after}
				}
				_, reg := start(t, answers)
				p, err := drive(t, reg[typ], &providers.Request{Action: providers.Delete, Properties: subnet(), ObjectID: id}, false)
				if p.Done != tt.done || kindOf(err) != tt.kind {
					t.Errorf("%+v, %v", p, err)
				}
			})
		}
	}
}

// The list is read to its end: the object that a lost request made may be on
// the last page.
func TestListIsPaged(t *testing.T) {
	page := func(from, n int) string {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf(`{"id":"v%d","name":"s-net"}`, from+i))
		}
		return `{"vpcs":[` + strings.Join(all, ",") + `]}`
	}
	_, reg := start(t, map[string][]string{"GET vpcs": {page(0, 1000), page(1000, 3)}})
	p, err := reg["VPC.VPC"].Advance(t.Context(), &providers.Request{Action: providers.Create, Stack: "s", Node: "net", Properties: map[string]any{"cidr": "10.0.0.0/8"}}, providers.Operation{}, false)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(strings.Fields(p.Next.Note["existing"])); n != 1003 {
		t.Errorf("%d are noted", n)
	}
}
