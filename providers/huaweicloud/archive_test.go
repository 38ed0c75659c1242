package huaweicloud_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	sdk "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/bcs/v2/model"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

const zipped = "PK\x03\x04rest"

// TestFileThatIsCutOff has the first answer end before its file does: it is asked for
// again only if nothing was made for it.
func TestFileThatIsCutOff(t *testing.T) {
	var calls atomic.Int32
	url := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			w.Header().Set("Content-Length", "99")
		}
		fmt.Fprint(w, zipped)
	})
	c := newClient(t, url)
	q := &model.DownloadBlockchainCertRequest{BlockchainId: "b1"}
	file, err := huaweicloud.ReadFile(t.Context(), c, bcs, "DownloadBlockchainCert", (*sdk.BcsClient).DownloadBlockchainCert, q)
	if err != nil || string(file) != zipped || calls.Load() != 2 {
		t.Errorf("read %q in %d calls: %v", file, calls.Load(), err)
	}

	calls.Store(0)
	issue := &model.CreateBlockchainCertByUserNameRequest{BlockchainId: "b1", OrgName: "bank", UserName: "app", Body: &model.CreateBlockchainCertByUserNameRequestBody{}}
	_, err = huaweicloud.MakeFile(t.Context(), c, bcs, "CreateBlockchainCertByUserName", (*sdk.BcsClient).CreateBlockchainCertByUserName, issue)
	if e := failure(t, err); e.Kind != providers.Ambiguous || calls.Load() != 1 {
		t.Errorf("%d calls, kind %s: %v", calls.Load(), e.Kind, e)
	}
}

func TestArchives(t *testing.T) {
	for file, want := range map[string]bool{zipped: true, "": false, "PK": false, `{"result":"success"}`: false, "PK\x05\x06": false} {
		if huaweicloud.IsZip([]byte(file)) != want {
			t.Errorf("%q is a zip archive: %t", file, !want)
		}
	}

	made := huaweicloud.ArchiveObject("b1/app", "app", []byte("PK"))
	recorded := map[string]any{
		"refID": "b1/app", "refName": "app", "archive": "UEs=",
		"sha256": "fcab7fcc2b4cffd9bb45003bfc2e468a04ef6f77ca8200a7341f027631584d25",
	}
	if diff := cmp.Diff(&providers.Object{ID: "b1/app", Attributes: recorded}, made); diff != "" {
		t.Error(diff)
	}

	delete(recorded, "archive") // its key is lost
	kept, err := huaweicloud.KeptArchive(&providers.Request{ObjectID: "b1/app", Attributes: recorded}, "not there", "Issue one.")
	if diff := cmp.Diff(&providers.Object{ID: "b1/app", Attributes: recorded}, kept); diff != "" || err != nil {
		t.Error(err, diff)
	}
	_, err = huaweicloud.KeptArchive(&providers.Request{ObjectID: "b1/app"}, "not there", "Issue one.")
	if e := failure(t, err); e.Kind != providers.Invalid || e.Message != "not there" || e.Advice != "Issue one." {
		t.Error(e)
	}
}
