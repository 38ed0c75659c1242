package bcs_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

const (
	issueCert    = "POST blockchains/" + network + "/orgs/bank/usercert/bankapp"
	freezeCert   = issueCert + "/freeze"
	unfreezeCert = issueCert + "/unfreeze"
	success      = `{"result":"success"}`
)

func frozen(securityMode, frozen bool) map[string]any {
	return map[string]any{
		"blockchainId": network, "organizationName": "bank", "userName": "bankapp", "securityMode": securityMode, "frozen": frozen,
	}
}

// calls are the changing requests without their bodies, each with whether it has
// shown an archive.
func calls(s *providertest.Script) []string {
	var out []string
	for _, r := range s.Sent() {
		call := r.Call
		if strings.Contains(r.Body, "PK\x03\x04") {
			call += " archive"
		}
		out = append(out, call)
	}
	return out
}

func TestCertificateIsFrozen(t *testing.T) {
	for _, tt := range []struct {
		name         string
		securityMode bool
		frozen       bool
		want         string
	}{
		{"frozen with its archive", false, true, freezeCert + " archive"},
		{"unfrozen with its archive", false, false, unfreezeCert + " archive"},
		{"frozen in the service", true, true, freezeCert},
		{"unfrozen in the service", true, false, unfreezeCert},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, reg := start(t, map[string][]string{freezeCert: {success}, unfreezeCert: {success}})
			attributes := map[string]any{"refID": network + "/bank/bankapp", "archive": "UEsDBHJlc3Q=", "sha256": "5f"}
			req := &providers.Request{
				Action: providers.Update, ObjectID: network + "/bank/bankapp", Attributes: attributes,
				Properties: frozen(tt.securityMode, tt.frozen),
			}
			p, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], req, providers.Operation{}, false)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(attributes, p.Object.Attributes); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{tt.want}, calls(s)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCertificateWithoutItsArchiveIsNotFrozen(t *testing.T) {
	s, reg := start(t, nil)
	req := &providers.Request{Action: providers.Update, Node: "app", ObjectID: network + "/bank/bankapp", Properties: frozen(false, true)}
	_, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], req, providers.Operation{}, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Invalid || !strings.Contains(e.Advice, "--replace app") || len(s.Sent()) > 0 {
		t.Errorf("%+v, sent %v", e, s.Sent())
	}
}

// A certificate that is made frozen takes two requests. Its archive goes along with
// the handle between them, and stands in no part of it that is recorded in clear.
func TestCertificateIsMadeFrozen(t *testing.T) {
	const archive = "UEsDBHJlc3Q="
	for _, securityMode := range []bool{false, true} {
		freezing := freezeCert
		if !securityMode {
			freezing += " archive"
		}
		for name, lose := range map[string]bool{"at once": false, "after a crash": true} {
			t.Run(fmt.Sprintf("%s, security mode %v", name, securityMode), func(t *testing.T) {
				s, reg := start(t, map[string][]string{issueCert: {"PK\x03\x04rest", "PK\x03\x04more"}, freezeCert: {success}})
				req := creation("BCS.UserCertificate", frozen(securityMode, true))
				issued, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, providers.Operation{}, false)
				if err != nil || issued.Done {
					t.Fatalf("%+v, %v", issued, err)
				}
				text, err := json.Marshal(issued.Next)
				if err != nil || strings.Contains(string(text), "UEs") || issued.Next.Secret["archive"] != archive {
					t.Errorf("%s, %v; kept %v", text, err, issued.Next.Secret)
				}
				if lose { // another process knows what is on record
					s, reg = start(t, map[string][]string{freezeCert: {success}})
					req.Settling = true
				}
				p, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, issued.Next, true) // its answer may be lost
				if err != nil || !p.Done || p.Object.Attributes["archive"] != archive {
					t.Errorf("%+v, %v", p, err)
				}
				want := []string{issueCert, freezing}
				if lose {
					want = want[1:]
				}
				if diff := cmp.Diff(want, calls(s)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// A certificate that could not be frozen is not lost: the outcome stays open, and is
// settled as not frozen.
func TestCertificateThatCouldNotBeFrozen(t *testing.T) {
	_, reg := start(t, map[string][]string{freezeCert: {"4006036"}})
	req := creation("BCS.UserCertificate", frozen(true, true))
	op := providers.Operation{Stage: "freeze", Secret: map[string]string{"archive": "UEsDBHJlc3Q="}}
	_, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, op, false)
	if e := providertest.Failure(t, err); e.Kind != providers.Unexpected || !strings.Contains(e.Advice, "is issued and kept") {
		t.Errorf("%s: %v", e.Kind, e)
	}
	req.Settling = true
	p, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, op, true)
	if err != nil || !p.Done || p.Object.Properties["frozen"] != false || p.Object.Attributes["archive"] != "UEsDBHJlc3Q=" {
		t.Errorf("%+v, %v", p, err)
	}
}

// Nobody holds the key of what a lost request has issued, so nothing is told of it.
func TestLostCertificateIsSettled(t *testing.T) {
	s, reg := start(t, nil)
	req := creation("BCS.UserCertificate", frozen(false, true))
	req.Settling = true
	p, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], req, providers.Operation{}, true)
	if err != nil || p.Object != nil || len(s.Sent()) > 0 {
		t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
	}
}

// Nobody tells whether a certificate is frozen, so what may have been sent is sent
// again before it is recorded as done.
func TestFreezingIsSettled(t *testing.T) {
	s, reg := start(t, map[string][]string{freezeCert: {success}})
	req := &providers.Request{
		Action: providers.Update, Settling: true, ObjectID: network + "/bank/bankapp",
		Attributes: map[string]any{"archive": "UEsDBHJlc3Q="}, Properties: frozen(false, true),
	}
	p, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, providers.Operation{Stage: "freeze"}, true)
	if err != nil || !p.Done {
		t.Errorf("%+v, %v", p, err)
	}
	if diff := cmp.Diff([]string{freezeCert + " archive"}, calls(s)); diff != "" {
		t.Error(diff)
	}
}
