package vpc_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
	"github.com/orchestrate-tosca/orchestrate/providers/vpc"
)

// start returns the providers of a cloud that answers as told.
func start(t *testing.T, answers map[string][]string) (*providertest.Script, providers.Registry) {
	t.Helper()
	s := providertest.NewScript(t, answers, func(code string) (int, string) {
		return status(code), `{"code":"VPC.0999","message":"refused"}`
	})
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: s.URL, Env: s.Env, FirstWait: time.Millisecond, Late: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	reg := providers.Registry{}
	vpc.Register(reg, c)
	return s, reg
}

// status is a refusal that gives its status as its code.
func status(code string) int {
	n, _ := strconv.Atoi(code) // digits, says the script
	return n
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
	p, err := providertest.Drive(t.Context(), reg["VPC.VPC"], req, providers.Operation{}, false)
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
	if diff := cmp.Diff([]string{`{"vpc":{"cidr":"10.0.0.0/8","name":"s-net","description":""}}`}, s.Bodies()); diff != "" {
		t.Error(diff)
	}
}

func TestCreateSubnet(t *testing.T) {
	s, reg := start(t, map[string][]string{
		"GET subnets": {`{"subnets":[]}`}, "POST subnets": {subnetIs("UNKNOWN")}, "GET subnets/n1": {subnetIs("UNKNOWN"), subnetIs("ACTIVE")},
	})
	p, err := providertest.Drive(t.Context(), reg["VPC.Subnet"], &providers.Request{Action: providers.Create, Properties: subnet()}, providers.Operation{}, false)
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
	if diff := cmp.Diff([]string{body}, s.Bodies()); diff != "" {
		t.Error(diff)
	}
}

func TestSubnetInError(t *testing.T) {
	_, reg := start(t, map[string][]string{"GET subnets": {`{"subnets":[]}`}, "POST subnets": {subnetIs("UNKNOWN")}, "GET subnets/n1": {subnetIs("ERROR")}})
	if _, err := providertest.Drive(t.Context(), reg["VPC.Subnet"], &providers.Request{Action: providers.Create, Properties: subnet()}, providers.Operation{}, false); kindOf(err) != providers.Failed {
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
				p, err := providertest.Drive(t.Context(), reg[typ], &providers.Request{Action: providers.Delete, Properties: subnet(), ObjectID: id}, providers.Operation{}, false)
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
