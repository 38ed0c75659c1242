package hbs_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/orchestrate-tosca/orchestrate/providers"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
	"github.com/orchestrate-tosca/orchestrate/providers/providertest"
)

// look returns the way to look at a cloud that answers as told.
func look(t *testing.T, answers map[string][]string) hbs.Look {
	t.Helper()
	s := providertest.NewScript(t, answers, func(code string) (int, string) {
		return http.StatusNotFound, `{"error_code":"HBS.` + code + `","error_msg":"refused"}`
	})
	c, err := huaweicloud.New(huaweicloud.Config{Endpoint: s.URL, Env: s.Env, FirstWait: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.CloseIdleConnections)
	return hbs.NewLook(c)
}

const (
	blocks     = show + "/chain/blocks"
	txs        = show + "/chain/transactions"
	besuBlocks = "GET besu/instances/" + id + "/chain/blocks"
	besuTxs    = "GET besu/instances/" + id + "/chain/transactions"
)

// page is an answer with the blocks of some heights, going down.
func page(from, to int) string {
	var all []string
	for h := from; h >= to; h-- {
		all = append(all, fmt.Sprintf(`{"block_height":%d,"transaction_num":%d,"body_hash":"b%d","create_time":"2022-04-16T07:00:05Z"}`, h, h%2, h))
	}
	return `{"count":1000,"blocks":[` + strings.Join(all, ",") + `]}`
}

// A chain that grows while it is listed shows no block twice, and a limit is kept
// across pages.
func TestBlocksOfAGrowingChain(t *testing.T) {
	l := look(t, map[string][]string{blocks: {page(999, 500), page(501, 2), page(3, 0)}})
	all, err := l.Blocks(t.Context(), id, false, 0)
	if err != nil || len(all) != 1000 {
		t.Fatalf("%d blocks, %v", len(all), err)
	}
	for i, b := range all {
		if b.Height != int64(999-i) {
			t.Fatalf("block %d is at height %d", i, b.Height)
		}
	}
	l = look(t, map[string][]string{blocks: {page(999, 500), page(499, 490)}})
	if all, err = l.Blocks(t.Context(), id, false, 510); err != nil || len(all) != 510 {
		t.Errorf("%d blocks, %v", len(all), err)
	}
}

// The newest transactions are taken from block to block, and empty blocks passed by.
func TestLatestTransactions(t *testing.T) {
	two := `{"count":2,"txs":[{"id":"a","block_height":3,"status":"VALID","read_set":[{"key":"k","version":{"block_num":1,"tx_num":2}}],"write_set":["w"]},{"id":"b","block_height":3}]}`
	l := look(t, map[string][]string{blocks: {page(4, 0)}, txs: {two, `{"count":1,"txs":[{"id":"c","block_height":1}]}`}})
	got, err := l.LatestTransactions(t.Context(), id, false, 0)
	if err != nil {
		t.Fatal(err)
	}
	want := []hbs.Transaction{
		{ID: "a", Block: 3, Status: "VALID", Reads: []hbs.KeyRead{{Key: "k", Block: 1, Transaction: 2}}, Writes: []string{"w"}}, {ID: "b", Block: 3}, {ID: "c", Block: 1},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	l = look(t, map[string][]string{blocks: {page(4, 0)}, txs: {two}})
	if got, err = l.LatestTransactions(t.Context(), id, false, 1); err != nil || len(got) != 1 || got[0].ID != "a" {
		t.Errorf("%+v, %v", got, err)
	}
}

// The tables of Besu and their examples differ: heights are texts or numbers, a list
// of transactions may be the only one.
func TestBesuInEitherForm(t *testing.T) {
	x := `{"hash":"0x1","from":"0xa","to":null,"block_height":7,"contract_address":"0xc","data":"0x60"}`
	for _, answer := range []string{`{"count":1,"txs":` + x + `}`, `{"count":1,"txs":[` + x + `]}`} {
		l := look(t, map[string][]string{besuTxs: {answer}, besuBlocks: {`{"count":1,"blocks":[{"block_height":"7","transaction_num":1}]}`}, besuBlocks + "/7": {`{"block_height":7}`}})
		got, err := l.LatestTransactions(t.Context(), id, true, 20)
		if d := cmp.Diff([]hbs.Transaction{{ID: "0x1", Block: 7, From: "0xa", Contract: "0xc", Data: "0x60"}}, got); d != "" || err != nil {
			t.Errorf("%v: -want +got:\n%s", err, d)
		}
		if b, err := l.Block(t.Context(), id, true, 7); err != nil || b.Height != 7 {
			t.Errorf("%+v, %v", b, err)
		}
	}
}

// An answer about something else is no answer.
func TestLooksAtWhatIsNotThere(t *testing.T) {
	const saved = "GET huaweicloudchain/restore/backups"
	l := look(t, map[string][]string{
		show + "/organization": {`{"name":"other"}`}, saved: {`{"count":1,"backups":[{"id":"b1"}]}`}, saved + "/b1": {"4040001"},
		show + "/chain/contract/report": {`{"result":"success"}`},
	})
	for name, err := range map[string]error{
		"organization": of(l.Organization(t.Context(), id, "bank")), "backup": of(l.Restorable(t.Context(), "b2")), "a backup that goes": of(l.Restorable(t.Context(), "b1")),
	} {
		if e := providertest.Failure(t, err); e.Kind != providers.NotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	if e := providertest.Failure(t, of(l.ContractReport(t.Context(), id, "settle", "en-us"))); e.Kind != providers.Unexpected {
		t.Errorf("a report that is none: %v", e)
	}
}

func of[T any](_ T, err error) error { return err }

// A list that gives its first page whatever is asked for has no end.
func TestListThatRepeatsItself(t *testing.T) {
	l := look(t, map[string][]string{orgs: {`{"orgs":[` + strings.Repeat(`{"name":"alpha"},`, 99) + `{"name":"omega"}]}`}})
	all, err := l.Organizations(t.Context(), id)
	if e := providertest.Failure(t, err); e.Kind != providers.Unexpected || !strings.Contains(e.Message, "the same page again and again") || e.Advice == "" {
		t.Errorf("%d organizations, %v", len(all), err)
	}
}
