package bcs_test

import (
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

// A certificate that is made frozen takes two requests. Its archive is held in
// memory only, so after a crash between them another one is issued.
func TestCertificateIsMadeFrozen(t *testing.T) {
	answers := func() map[string][]string {
		return map[string][]string{issueCert: {"PK\x03\x04rest", "PK\x03\x04more"}, freezeCert: {success}}
	}
	t.Run("at once", func(t *testing.T) {
		s, reg := start(t, answers())
		req := creation("BCS.UserCertificate", frozen(false, true))
		issued, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, providers.Operation{}, false)
		if err != nil || issued.Done || strings.Contains(fmt.Sprint(issued.Next), "UEs") {
			t.Fatalf("%+v, %v", issued, err)
		}
		p, err := reg["BCS.UserCertificate"].Advance(t.Context(), req, issued.Next, true) // its answer may be lost
		if err != nil || !p.Done || p.Object.Attributes["archive"] != "UEsDBHJlc3Q=" {
			t.Errorf("%+v, %v", p, err)
		}
		if diff := cmp.Diff([]string{issueCert, freezeCert + " archive"}, calls(s)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("after a crash", func(t *testing.T) {
		s, reg := start(t, answers())
		held := providers.Operation{Stage: "freeze"} // by another process
		p, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], creation("BCS.UserCertificate", frozen(false, true)), held, true)
		if err != nil || p.Object == nil {
			t.Fatalf("%+v, %v", p, err)
		}
		if diff := cmp.Diff([]string{issueCert, freezeCert + " archive"}, calls(s)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("settled after a crash", func(t *testing.T) {
		for _, op := range []providers.Operation{{}, {Stage: "freeze"}} {
			s, reg := start(t, nil)
			req := creation("BCS.UserCertificate", frozen(false, true))
			req.Settling = true
			p, err := providertest.Drive(t.Context(), reg["BCS.UserCertificate"], req, op, true)
			if err != nil || p.Object != nil || len(s.Sent()) > 0 {
				t.Errorf("%+v, %v, sent %v", p, err, s.Sent())
			}
		}
	})
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
