package hbs

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// The operations that only Look asks, about the chain of an instance and about
// that of one of Besu:
var (
	showBlockchain       = operation[instanceRequest, chainAnswer]{name: "ShowBlockchain", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain"}
	listBlockAndTxResult = operation[trendRequest, trendAnswer]{name: "ListBlockAndTxResult", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/trend"}
	listBlocks           = operation[instancePageRequest, blocksAnswer]{name: "ListBlocks", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/blocks"}
	showBlock            = operation[blockRequest, blockAnswer]{name: "ShowBlock", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/blocks/{block_height}"}
	listTransactions     = operation[txsRequest, txsAnswer]{name: "ListTransactions", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/transactions"}
	showTransaction      = operation[txRequest, txAnswer]{name: "ShowTransaction", method: http.MethodGet, path: "huaweicloudchain/instances/{instance_id}/chain/transactions/{transaction_id}"}

	showBesuBlockchain   = operation[instanceRequest, chainAnswer]{name: "ShowBesuBlockchain", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/summary"}
	listBesuBlocks       = operation[instancePageRequest, blocksAnswer]{name: "ListBesuBlocks", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/blocks"}
	showBesuBlock        = operation[blockRequest, blockAnswer]{name: "ShowBesuBlock", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/blocks/{block_height}"}
	listBesuTransactions = operation[txsRequest, txsAnswer]{name: "ListBesuTransactions", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/transactions"}
	showBesuTransaction  = operation[besuTxRequest, txAnswer]{name: "ShowBesuTransaction", method: http.MethodGet, path: "besu/instances/{instance_id}/chain/transactions/{transaction_hash}"}
)

type (
	trendRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Mode     string `json:"mode" at:"query"`
	}
	blockRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Height   string `json:"block_height" at:"path"`
	}
	txsRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Height   string `json:"block_height" at:"query"`
		Offset   int    `json:"offset" at:"query"`
		Limit    int    `json:"limit" at:"query"`
	}
	txRequest struct {
		Instance string `json:"instance_id" at:"path"`
		ID       string `json:"transaction_id" at:"path"`
	}
	besuTxRequest struct {
		Instance string `json:"instance_id" at:"path"`
		Hash     string `json:"transaction_hash" at:"path"`
	}

	chainAnswer struct {
		ID            string `json:"chain_id"`
		Consensus     string `json:"consensus"`
		SignAlgorithm string `json:"sign_algorithm"`
		TPS           int64  `json:"tps_limit"`
		Leader        string `json:"consensus_org"`
		Contracts     int64  `json:"contract_num"`
		Blocks        int64  `json:"block_num"`
		Transactions  int64  `json:"transaction_num"`
		Orgs          []struct {
			ID           string `json:"id"`
			Name         string `json:"name"`
			Transactions int64  `json:"transaction_num"`
			Consensus    bool   `json:"is_consensus"`
			Local        bool   `json:"is_local"`
			Exists       bool   `json:"is_exist"`
			Member       string `json:"member_name"`
		} `json:"orgs"`
		answered
	}
	trendAnswer struct {
		Blocks []trendPoint `json:"blocks"`
		Txs    []trendPoint `json:"txs"`
		answered
	}
	trendPoint struct {
		Count int64  `json:"count"`
		Time  string `json:"time"`
	}
	blockInfo struct {
		Height       huaweicloud.Loose `json:"block_height"` // a number; of Besu by the tables a text
		Transactions int64             `json:"transaction_num"`
		Body         string            `json:"body_hash"`
		Parent       string            `json:"parent_hash"`
		Created      string            `json:"create_time"`
	}
	blocksAnswer struct {
		Blocks []blockInfo `json:"blocks"`
		answered
	}
	blockAnswer struct {
		blockInfo
		answered
	}
	// txInfo is a transaction of either kind of chain.
	txInfo struct {
		ID        string            `json:"id"`
		Type      string            `json:"type"`
		Status    string            `json:"status"`
		Height    huaweicloud.Loose `json:"block_height"`
		Org       string            `json:"create_org"`
		Contract  string            `json:"contract_name"`
		Endorsers []string          `json:"endorsor_orgs"`
		Reads     []struct {
			Key     string `json:"key"`
			Version struct {
				Block       int64 `json:"block_num"`
				Transaction int64 `json:"tx_num"`
			} `json:"version"`
		} `json:"read_set"`
		Writes  []string `json:"write_set"`
		Created string   `json:"create_time"`

		Hash    string `json:"hash"`
		From    string `json:"from"`
		To      string `json:"to"`
		Address string `json:"contract_address"`
		Data    string `json:"data"`
	}
	txsAnswer struct {
		Txs oneOrMore[txInfo] `json:"txs"`
		answered
	}
	txAnswer struct {
		txInfo
		answered
	}
)

// oneOrMore is a list that may come as its only entry: the reference shows the
// transactions of Besu so.
type oneOrMore[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var one T
		err := json.Unmarshal(b, &one)
		*l = oneOrMore[T]{one}
		return err
	}
	return json.Unmarshal(b, (*[]T)(l))
}

// Chain is that of an instance.
type Chain struct {
	ID            string     `json:"id"`
	Consensus     string     `json:"consensus"`
	SignAlgorithm string     `json:"sign_algorithm"`
	TPS           int64      `json:"tps"`    // at most; 0 for Besu, of which it is not told
	Leader        string     `json:"leader"` // of the consensus, by its ID on the chain
	Contracts     int64      `json:"contracts"`
	Blocks        int64      `json:"blocks"`
	Transactions  int64      `json:"transactions"`
	Organizations []ChainOrg `json:"organizations"`
}

// ChainOrg is an organization as the chain knows it.
type ChainOrg struct {
	Name         string `json:"name"`
	ID           string `json:"id"`
	Transactions int64  `json:"transactions"` // that it has sent
	Consensus    bool   `json:"consensus"`
	Local        bool   `json:"local"`
	Exists       bool   `json:"exists"`
	Member       string `json:"member"` // that it belongs to
}

// Chain shows the chain of an instance (ShowBlockchain, ShowBesuBlockchain).
func (l Look) Chain(ctx context.Context, instance string, besu bool) (Chain, error) {
	r, err := either(besu, showBesuBlockchain, showBlockchain).read(ctx, l.api, &instanceRequest{instance})
	if err != nil {
		return Chain{}, err
	}
	c := Chain{
		ID: r.ID, Consensus: r.Consensus, SignAlgorithm: r.SignAlgorithm, TPS: r.TPS, Leader: r.Leader,
		Contracts: r.Contracts, Blocks: r.Blocks, Transactions: r.Transactions,
	}
	for _, o := range r.Orgs {
		c.Organizations = append(c.Organizations, ChainOrg{o.Name, o.ID, o.Transactions, o.Consensus, o.Local, o.Exists, o.Member})
	}
	return c, nil
}

// either is the operation for the kind of an instance.
func either[Q, R any](besu bool, forBesu, otherwise operation[Q, R]) operation[Q, R] {
	if besu {
		return forBesu
	}
	return otherwise
}

// Trend is how many blocks and transactions came in a span of time.
type Trend struct {
	Time         time.Time `json:"time"`
	Blocks       int64     `json:"blocks"`
	Transactions int64     `json:"transactions"`
}

// Trends lists them by the hour or by five minutes, the newest first
// (ListBlockAndTxResult).
func (l Look) Trends(ctx context.Context, instance string, hours bool) ([]Trend, error) {
	mode := "min"
	if hours {
		mode = "hour"
	}
	r, err := listBlockAndTxResult.read(ctx, l.api, &trendRequest{instance, mode})
	if err != nil {
		return nil, err
	}
	txs := map[string]int64{}
	for _, p := range r.Txs {
		txs[p.Time] = p.Count
	}
	out := make([]Trend, len(r.Blocks))
	for i, p := range r.Blocks {
		out[i] = Trend{moment(p.Time), p.Count, txs[p.Time]}
	}
	return out, nil
}

// Block is one of a chain. What a parent hash is made of the service does not say:
// it need not be the body hash of the block before.
type Block struct {
	Height       int64     `json:"height"`
	Transactions int64     `json:"transactions"`
	Body         string    `json:"body_hash"`
	Parent       string    `json:"parent_hash"`
	Created      time.Time `json:"created"`
}

func (b *blockInfo) look() Block {
	return Block{b.Height.Int(), b.Transactions, b.Body, b.Parent, moment(b.Created)}
}

// chainPage is the most entries of a page that the lists of a chain give.
const chainPage = 500

// Blocks lists the newest ones of a chain, at most as many as the limit says, 0
// meaning all (ListBlocks, ListBesuBlocks).
func (l Look) Blocks(ctx context.Context, instance string, besu bool, limit int) ([]Block, error) {
	all, err := someOf(limit, chainPage, func(offset, size int) ([]blockInfo, error) {
		r, err := either(besu, listBesuBlocks, listBlocks).read(ctx, l.api, &instancePageRequest{instance, offset, size})
		if err != nil {
			return nil, err
		}
		return r.Blocks, nil
	})
	out := make([]Block, 0, len(all))
	for i := range all {
		// A chain that grows while it is listed moves blocks to the next page again.
		if b := all[i].look(); i == 0 || b.Height < out[len(out)-1].Height {
			out = append(out, b)
		}
	}
	return out, err
}

// Block shows the one of a height (ShowBlock, ShowBesuBlock).
func (l Look) Block(ctx context.Context, instance string, besu bool, height int64) (Block, error) {
	r, err := either(besu, showBesuBlock, showBlock).read(ctx, l.api, &blockRequest{instance, strconv.FormatInt(height, 10)})
	if err != nil {
		return Block{}, err
	}
	return r.look(), nil
}

// Transaction is one of a chain.
type Transaction struct {
	ID           string    `json:"id"`
	Block        int64     `json:"block"` // its height
	Type         string    `json:"type"`
	Status       string    `json:"status"`
	Organization string    `json:"organization"` // that has sent it, by its ID on the chain
	Contract     string    `json:"contract"`     // its name; of Besu its address
	Endorsers    []string  `json:"endorsers"`
	Reads        []KeyRead `json:"reads"`
	Writes       []string  `json:"writes"`
	From         string    `json:"from"` // of Besu: from here on
	To           string    `json:"to"`
	Data         string    `json:"data"`
	Created      time.Time `json:"created"`
}

// KeyRead is a key that a transaction has read, in the version of that time.
type KeyRead struct {
	Key         string `json:"key"`
	Block       int64  `json:"block"`
	Transaction int64  `json:"transaction"`
}

func (x *txInfo) look() Transaction {
	t := Transaction{
		ID: or(x.ID, x.Hash), Block: x.Height.Int(), Type: x.Type, Status: x.Status, Organization: x.Org, Contract: or(x.Contract, x.Address),
		Endorsers: x.Endorsers, Writes: x.Writes, From: x.From, To: x.To, Data: x.Data, Created: moment(x.Created),
	}
	for _, r := range x.Reads {
		t.Reads = append(t.Reads, KeyRead{r.Key, r.Version.Block, r.Version.Transaction})
	}
	return t
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// Transactions lists those of a block, at most as many as the limit says, 0
// meaning all (ListTransactions, ListBesuTransactions).
func (l Look) Transactions(ctx context.Context, instance string, besu bool, height int64, limit int) ([]Transaction, error) {
	all, err := someOf(limit, chainPage, func(offset, size int) ([]txInfo, error) {
		r, err := either(besu, listBesuTransactions, listTransactions).read(ctx, l.api, &txsRequest{instance, strconv.FormatInt(height, 10), offset, size})
		if err != nil {
			return nil, err
		}
		return r.Txs, nil
	})
	out := make([]Transaction, len(all))
	for i := range all {
		out[i] = all[i].look()
	}
	return out, err
}

// LatestTransactions lists the newest ones of a chain, at most as many as the limit
// says, 0 meaning all. The service lists them by block only, so it goes from block
// to block.
func (l Look) LatestTransactions(ctx context.Context, instance string, besu bool, limit int) ([]Transaction, error) {
	var out []Transaction
	var last *int64 // height of the last block that was looked at
	for offset := 0; ; offset += chainPage {
		r, err := either(besu, listBesuBlocks, listBlocks).read(ctx, l.api, &instancePageRequest{instance, offset, chainPage})
		if err != nil {
			return nil, err
		}
		for i := range r.Blocks {
			b := r.Blocks[i].look()
			if b.Transactions == 0 || last != nil && b.Height >= *last {
				continue
			}
			last = &b.Height
			left := 0
			if limit > 0 {
				left = limit - len(out)
			}
			txs, err := l.Transactions(ctx, instance, besu, b.Height, left)
			if err != nil {
				return nil, err
			}
			if out = append(out, txs...); limit > 0 && len(out) >= limit {
				return out[:limit], nil
			}
		}
		if len(r.Blocks) < chainPage {
			return out, nil
		}
	}
}

// Transaction shows the one of an ID, or of a hash (ShowTransaction,
// ShowBesuTransaction).
func (l Look) Transaction(ctx context.Context, instance string, besu bool, id string) (Transaction, error) {
	var r *txAnswer
	var err error
	if besu {
		r, err = showBesuTransaction.read(ctx, l.api, &besuTxRequest{instance, id})
	} else {
		r, err = showTransaction.read(ctx, l.api, &txRequest{instance, id})
	}
	if err != nil {
		return Transaction{}, err
	}
	return r.look(), nil
}

// someOf is pages for at most as many entries as the limit says, 0 meaning all.
func someOf[T any](limit, size int, next func(offset, limit int) ([]T, error)) ([]T, error) {
	if limit == 0 {
		return pages(size, next)
	}
	var all []T
	for len(all) < limit {
		n := min(size, limit-len(all))
		page, err := next(len(all), n)
		if err != nil {
			return nil, err
		}
		all = append(all, page[:min(n, len(page))]...)
		if len(page) < n {
			break
		}
	}
	return all, nil
}
