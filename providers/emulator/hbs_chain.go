package emulator

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

const kindLedger = "hbs.ledger"

// ledger is the chain of an instance. It grows when something happens only:
// there are no empty blocks by the clock.
type ledger struct {
	Instance string
	Project  string
	Kind     string // of the instance: it decides how hashes are made and written
	Created  time.Time
	Blocks   []*block // by height
}

// block is one of them. What Parent says can be worked out from the block
// before (see seal).
type block struct {
	Height  int
	Parent  string
	Body    string
	Created time.Time
	Txs     []*chainTx
}

// chainTx is a transaction. From on are of Besu.
type chainTx struct {
	ID        string
	Type      string   // txCommon, txVote
	Org       string   // its ID on the chain
	Contract  string   `json:",omitempty"`
	Endorsers []string `json:",omitempty"`
	Writes    []string `json:",omitempty"` // as `key:"..." value:"..."`
	From      string   `json:",omitempty"`
	Address   string   `json:",omitempty"` // of the contract that it made
	Data      string   `json:",omitempty"`
}

// Types of transactions (2.5.5.4).
const (
	txCommon = "COMMON_TRANSACTION"
	txVote   = "VOTE_TRANSACTION"
)

func (l *ledger) object() Object {
	return Object{Kind: kindLedger, ID: l.Instance, Project: l.Project, Parent: l.Instance, Created: l.Created}
}

// write is an entry of a write set.
func write(key, value string) string { return fmt.Sprintf("key:%q value:%q", key, value) }

// add appends a block of transactions, which get their IDs here.
func (l *ledger) add(now time.Time, txs ...*chainTx) *block {
	b := &block{Height: len(l.Blocks), Created: now, Txs: txs}
	for n, x := range txs {
		text, _ := json.Marshal(x) // texts only: it can't fail
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%d/%d/%s", l.Instance, b.Height, n, now.UnixNano(), text))
		x.ID = hex.EncodeToString(sum[:])
		if l.Kind == kindBesu {
			x.ID = "0x" + x.ID
		}
	}
	l.seal(b)
	l.Blocks = append(l.Blocks, b)
	return b
}

// seal fills in the hashes: the body's over its transactions, the parent's over
// height, parent and body of the block before. On a Besu chain a block has one
// hash, which the next one repeats.
func (l *ledger) seal(b *block) {
	text, _ := json.Marshal(b.Txs) // texts only: it can't fail
	body := sha256.Sum256(text)
	if l.Kind == kindBesu {
		b.Parent = "0x" + hex.EncodeToString(make([]byte, sha256.Size))
		if b.Height > 0 {
			b.Parent = l.Blocks[b.Height-1].Body
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%x", b.Height, b.Parent, body))
		b.Body = "0x" + hex.EncodeToString(sum[:])
		return
	}
	b.Body = base64.StdEncoding.EncodeToString(body[:])
	sum := sha256.Sum256([]byte(l.Instance))
	if b.Height > 0 {
		p := l.Blocks[b.Height-1]
		sum = sha256.Sum256(fmt.Appendf(nil, "%d/%s/%s", p.Height, p.Parent, p.Body))
	}
	b.Parent = base64.StdEncoding.EncodeToString(sum[:])
}

// transaction finds one by ID, and its block; nil if there is none.
func (l *ledger) transaction(id string) (*chainTx, *block) {
	for _, b := range l.Blocks {
		for _, x := range b.Txs {
			if x.ID == id {
				return x, b
			}
		}
	}
	return nil, nil
}

// ledger reads the chain of an instance. One that does not exist yet is empty.
func (c *call) ledger(i *hbsInstance) (*ledger, error) {
	l, err := get[ledger](c.tx, kindLedger, i.ID)
	if err == nil && l == nil {
		l = &ledger{Instance: i.ID, Project: i.Project, Kind: i.Kind, Created: c.now}
	}
	return l, err
}

// openLedger makes the chain of a new instance: the one of the backup that it
// is made from, or the first block and one in which the organizations join.
func (c *call) openLedger(i *hbsInstance) error {
	if i.Restores != "" {
		return c.restore(i)
	}
	l, err := c.ledger(i)
	if err != nil {
		return err
	}
	var first []*chainTx
	if i.Kind == kindHuaweiChain {
		first = append(first, &chainTx{Type: txVote, Org: i.leader().ChainID, Writes: []string{write("chain_id", i.ChainID)}})
	}
	l.add(c.now, first...)
	if err := c.put(l); err != nil {
		return err
	}
	return c.vote(i, i.uids(), "join")
}

// vote writes a block in which organizations join or leave. Besu votes in the
// headers of blocks, so there it has no transactions.
func (c *call) vote(i *hbsInstance, uids []string, verb string) error {
	var txs []*chainTx
	for _, o := range i.joined() {
		if slices.Contains(uids, o.UID) {
			txs = append(txs, &chainTx{Type: txVote, Org: i.leader().ChainID, Writes: []string{write(verb, o.ChainID)}})
		}
	}
	if len(txs) == 0 {
		return nil
	}
	l, err := c.ledger(i)
	if err != nil {
		return err
	}
	if i.Kind == kindBesu {
		txs = nil
	}
	l.add(c.now, txs...)
	return c.put(l)
}

// counts are what a chain has.
type counts struct{ contracts, blocks, txs int }

func (c *call) chainCounts(i *hbsInstance) (counts, error) {
	var n counts
	l, err := c.ledger(i)
	if err != nil {
		return n, err
	}
	n.blocks = len(l.Blocks)
	for _, b := range l.Blocks {
		n.txs += len(b.Txs)
	}
	n.contracts, err = c.countChildren(contractKindOf(i.Kind), i.ID)
	return n, err
}

// countChildren counts the documents of a kind that belong to an object.
func (t *tx) countChildren(kind, parent string) (int, error) {
	var n int
	err := t.statement(countWithin).QueryRowContext(t.ctx, kind, parent).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("counting objects: %w", err)
	}
	return n, nil
}

// chainOf finds the instance of the path and its chain, which has to exist.
func (c *call) chainOf(kind string) (*hbsInstance, *ledger, error) {
	i, err := c.hbsOf(kind)
	if err != nil {
		return nil, nil, err
	}
	if err := i.built(); err != nil {
		return nil, nil, err
	}
	l, err := c.ledger(i)
	return i, l, err
}

// cloudChainOf is chainOf for calls that serve instances in the cloud only.
func (c *call) cloudChainOf(kind string) (*hbsInstance, *ledger, error) {
	if _, err := c.cloudOf(kind); err != nil {
		return nil, nil, err
	}
	return c.chainOf(kind)
}

// showBlockchain answers ShowBlockchain (2.5.5.1).
func showBlockchain(c *call) (reply, error) {
	i, l, err := c.chainOf(kindHuaweiChain)
	if err != nil {
		return reply{}, err
	}
	n, err := c.chainCounts(i)
	if err != nil {
		return reply{}, err
	}
	sent := map[string]int{}
	for _, b := range l.Blocks {
		for _, x := range b.Txs {
			sent[x.Org]++
		}
	}
	orgs := []any{}
	for _, o := range i.joined() {
		w := c.member(i, o)
		w["transaction_num"] = sent[o.ChainID]
		orgs = append(orgs, w)
	}
	return answer(map[string]any{
		"chain_id": i.ChainID, "consensus": i.Consensus, "sign_algorithm": i.SignAlgorithm, "tps_limit": hbsEditionOf(i.Edition).tps,
		"consensus_org": i.leader().ChainID, "contract_num": n.contracts, "block_num": n.blocks, "transaction_num": n.txs, "orgs": orgs,
	})
}

// member is an organization as the chain sees it. All of them are of the one
// account that there is.
func (c *call) member(i *hbsInstance, o *hbsOrg) map[string]any {
	return map[string]any{
		"id": o.ChainID, "name": o.Name, "is_consensus": o == i.leader(), "is_local": true, "is_exist": o.Status != hbsDeleting,
		"member_id": c.tenant().DomainID, "member_name": c.tenant().Name,
	}
}

// wire is a block; the engines write heights differently.
func (b *block) wire(height any) map[string]any {
	return map[string]any{
		"block_height": height, "transaction_num": len(b.Txs), "body_hash": b.Body, "parent_hash": b.Parent,
		"create_time": hbsTime(b.Created),
	}
}

func chainBlock(b *block) any { return b.wire(b.Height) }

// listBlocksAs answers the lists of blocks of both engines, newest first.
func listBlocksAs(c *call, kind string, wire func(*block) any) (reply, error) {
	_, l, err := c.cloudChainOf(kind)
	if err != nil {
		return reply{}, err
	}
	slices.Reverse(l.Blocks)
	part, err := cut(c, l.Blocks)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, b := range part {
		wires = append(wires, wire(b))
	}
	return answer(map[string]any{"count": len(l.Blocks), "blocks": wires})
}

// showBlockAs answers the reads of one block of both engines.
func showBlockAs(c *call, kind string, wire func(*block) any) (reply, error) {
	_, l, err := c.cloudChainOf(kind)
	if err != nil {
		return reply{}, err
	}
	b, err := l.at(c.params["block_height"])
	if err != nil {
		return reply{}, err
	}
	return answer(wire(b))
}

// at is the block of a height.
func (l *ledger) at(height string) (*block, error) {
	n, err := strconv.Atoi(height)
	if err != nil || n < 0 {
		return nil, badParameter("block_height", "must be a number from 0")
	}
	if n >= len(l.Blocks) {
		return nil, missing("block", height)
	}
	return l.Blocks[n], nil
}

// transactionsAs answers the lists of a block's transactions of both engines.
func transactionsAs(c *call, kind string, wire func(*chainTx, *block) any) (reply, error) {
	_, l, err := c.cloudChainOf(kind)
	if err != nil {
		return reply{}, err
	}
	b, err := l.at(c.query.Get("block_height"))
	if err != nil {
		return reply{}, err
	}
	part, err := cut(c, b.Txs)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, x := range part {
		wires = append(wires, wire(x, b))
	}
	return answer(map[string]any{"count": len(b.Txs), "txs": wires})
}

// transactionAs answers the reads of one transaction of both engines.
func transactionAs(c *call, kind, id string, wire func(*chainTx, *block) any) (reply, error) {
	_, l, err := c.cloudChainOf(kind)
	if err != nil {
		return reply{}, err
	}
	x, b := l.transaction(id)
	if x == nil {
		return reply{}, missing("transaction", id)
	}
	return answer(wire(x, b))
}

// showChainTransaction answers ShowTransaction (2.5.5.5).
func showChainTransaction(c *call) (reply, error) {
	return transactionAs(c, kindHuaweiChain, c.params["transaction_id"], chainTransaction)
}

// showBesuTransaction answers ShowBesuTransaction (2.5.10.5).
func showBesuTransaction(c *call) (reply, error) {
	return transactionAs(c, kindBesu, c.params["transaction_hash"], besuTransaction)
}

// chainTransaction is a transaction of the Huawei engine.
func chainTransaction(x *chainTx, b *block) any {
	endorsers, writes := x.Endorsers, x.Writes
	if endorsers == nil {
		endorsers = []string{}
	}
	if writes == nil {
		writes = []string{}
	}
	return map[string]any{
		"id": x.ID, "type": x.Type, "status": "VALID", "block_height": b.Height, "create_org": x.Org, "contract_name": x.Contract,
		"endorsor_orgs": endorsers, "read_set": []any{}, "write_set": writes, "create_time": hbsTime(b.Created),
	}
}

// trendBuckets is how many buckets a trend has.
const trendBuckets = 7

// showTrend answers ListBlockAndTxResult (2.5.5.6): how many blocks and
// transactions there were in each of the last hours, or five minutes.
func showTrend(c *call) (reply, error) {
	_, l, err := c.cloudChainOf(kindHuaweiChain)
	if err != nil {
		return reply{}, err
	}
	width := time.Hour
	if c.query.Get("mode") == "min" {
		width = 5 * time.Minute
	}
	blocks, txs := []any{}, []any{}
	for n := range trendBuckets {
		from := c.now.UTC().Truncate(width).Add(-time.Duration(n) * width)
		b, x := 0, 0
		for _, k := range l.Blocks {
			if k.Created.UTC().Truncate(width).Equal(from) {
				b, x = b+1, x+len(k.Txs)
			}
		}
		blocks = append(blocks, map[string]any{"count": b, "time": hbsTime(from)})
		txs = append(txs, map[string]any{"count": x, "time": hbsTime(from)})
	}
	return answer(map[string]any{"blocks": blocks, "txs": txs})
}
