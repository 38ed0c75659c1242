package emulator

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

const (
	kindBesuContract = "hbs.besu.contract"
	kindBesuToken    = "hbs.besu.token"
)

const (
	takesDeployment = 15 * time.Second

	// maxBesuTokens is how many an instance may have.
	maxBesuTokens = 50
)

// besuContract is a contract on a Besu chain.
type besuContract struct {
	ID          string
	Project     string
	Instance    string
	Address     string
	Status      string
	Failure     string
	ABI         string
	Bytecode    string
	Description string
	Created     time.Time
}

func (d *besuContract) object() Object {
	return Object{Kind: kindBesuContract, ID: d.ID, Project: d.Project, Parent: d.Instance, Name: d.Address, Created: d.Created}
}

// besuAddress makes an address of 20 bytes.
func besuAddress(seed string) string {
	sum := sha256.Sum256([]byte(seed))
	return "0x" + hex.EncodeToString(sum[:20])
}

// deployBesuContract answers CreateBesuContracts (2.5.10.1).
func deployBesuContract(c *call) (reply, error) {
	i, err := c.hbsOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	f, err := c.form()
	if err != nil {
		return reply{}, err
	}
	for _, name := range []string{"abi", "bytecode"} {
		if f.values[name] == "" {
			return reply{}, badParameter(name, "missing")
		}
	}
	if p := f.values["init_param"]; p != "" && !json.Valid([]byte(p)) {
		return reply{}, badParameter("init_param", "must be JSON")
	}
	d := &besuContract{
		ID: newID(), Project: i.Project, Instance: i.ID, Status: contractInstalling, Failure: c.fault.FailOperation,
		ABI: f.values["abi"], Bytecode: f.values["bytecode"], Description: f.values["description"], Created: c.now,
	}
	d.Address = besuAddress(d.ID)
	if err := c.put(d); err != nil {
		return reply{}, err
	}
	if err := c.schedule(kindBesuContract, d.ID, c.ends(takesDeployment)); err != nil {
		return reply{}, err
	}
	return succeeded()
}

// settleBesuContract ends a deployment. A success is a transaction without
// recipient in a block of its own.
func settleBesuContract(c *call, id string) error {
	d, err := get[besuContract](c.tx, kindBesuContract, id)
	if err != nil || d == nil {
		return err
	}
	if d.Failure != "" {
		d.Status = contractFailed
		return c.put(d)
	}
	d.Status = contractSuccess
	i, err := get[hbsInstance](c.tx, kindHBSInstance, d.Instance)
	if err != nil || i == nil {
		return err
	}
	l, err := c.ledger(i)
	if err != nil {
		return err
	}
	l.add(c.now, &chainTx{
		Type: txCommon, Org: i.leader().ChainID, From: besuAddress(i.leader().ChainID), Address: d.Address, Data: d.Bytecode,
	})
	return c.putAll(d, l)
}

// listBesuContracts answers ListBesuContracts (2.5.10.2).
func listBesuContracts(c *call) (reply, error) {
	i, err := c.cloudOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	list, err := children[besuContract](c.tx, kindBesuContract, i.ID)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	part, err := cut(c, list)
	if err != nil {
		return reply{}, err
	}
	wires := []any{}
	for _, d := range part {
		wires = append(wires, map[string]any{
			"address": d.Address, "status": d.Status, "abi": d.ABI, "bytecode": d.Bytecode, "description": d.Description,
			"create_time": hbsTime(d.Created),
		})
	}
	return answer(map[string]any{"count": len(list), "contracts": wires})
}

// besuBlock writes the height as the tables say, as a text.
func besuBlock(b *block) any { return b.wire(strconv.Itoa(b.Height)) }

func besuTransaction(x *chainTx, b *block) any {
	return map[string]any{
		"hash": x.ID, "from": x.From, "to": nil, "block_height": b.Height, "contract_address": x.Address, "data": x.Data,
		"create_time": hbsTime(b.Created),
	}
}

// listBesuTransactions answers ListBesuTransactions (2.5.10.6). Its list is one
// object in the texts; so it is here if there is one, and an array else.
func listBesuTransactions(c *call) (reply, error) {
	rep, err := transactionsAs(c, kindBesu, besuTransaction)
	if err != nil {
		return reply{}, err
	}
	if w, ok := rep.body.(map[string]any); ok {
		if txs, ok := w["txs"].([]any); ok && len(txs) == 1 {
			w["txs"] = txs[0]
		}
	}
	return rep, nil
}

// showBesuChain answers ShowBesuBlockchain (2.5.10.10).
func showBesuChain(c *call) (reply, error) {
	i, _, err := c.chainOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	n, err := c.chainCounts(i)
	if err != nil {
		return reply{}, err
	}
	orgs := []any{}
	for _, o := range i.joined() {
		orgs = append(orgs, c.member(i, o))
	}
	return answer(map[string]any{
		"chain_id": i.ChainID, "consensus": i.Consensus, "sign_algorithm": "ECDSA",
		"contract_num": n.contracts, "block_num": n.blocks, "transaction_num": n.txs, "orgs": orgs,
	})
}

// downloadBesuCerts answers DownloadCerts (2.5.10.8): the authority of the nodes
// and a pair for a client. The same keys come each time.
func downloadBesuCerts(c *call) (reply, error) {
	i, _, err := c.chainOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	keys, err := get[hbsAuthority](c.tx, kindHBSAuthority, i.leader().UID)
	if err != nil {
		return reply{}, err
	}
	return zipReply(pack([]archiveFile{
		{"server.crt", keys.CA.TLS.Cert},
		{"client.crt", keys.CA.User.TLS.Cert},
		{"client.key", keys.CA.User.TLS.Key},
	}, c.now))
}

// besuToken is a credential. Only the digest of its secret is kept.
type besuToken struct {
	ID          string
	Project     string
	Instance    string
	Description string
	Digest      string
	Created     time.Time
}

func (d *besuToken) object() Object {
	return Object{Kind: kindBesuToken, ID: d.ID, Project: d.Project, Parent: d.Instance, Created: d.Created}
}

// createBesuToken answers CreateBesuTokens (2.5.10.7) with a file that holds the
// token, which is never shown again.
func createBesuToken(c *call) (reply, error) {
	i, _, err := c.chainOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	if err := c.idle(i); err != nil {
		return reply{}, err
	}
	var body struct {
		Description string `json:"description"`
	}
	if err := c.decode(&body); err != nil {
		return reply{}, err
	}
	n, err := c.countChildren(kindBesuToken, i.ID)
	if err != nil {
		return reply{}, err
	}
	if n >= maxBesuTokens {
		return reply{}, refuse(hbsNoRoom, "An instance has at most %d tokens.", maxBesuTokens)
	}
	text := "besu." + rand.Text() + rand.Text()
	d := &besuToken{ID: newID(), Project: i.Project, Instance: i.ID, Description: body.Description, Digest: tokenDigest(text), Created: c.now}
	if err := c.put(d); err != nil {
		return reply{}, err
	}
	return reply{file: []byte(text), header: http.Header{"Content-Disposition": {`attachment; filename="token.txt"`}}}, nil
}

// listBesuTokens answers ListBesuTokens (2.5.10.9).
func listBesuTokens(c *call) (reply, error) {
	i, err := c.hbsOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	list, err := children[besuToken](c.tx, kindBesuToken, i.ID)
	if err != nil {
		return reply{}, err
	}
	newestFirst(list)
	wires := []any{}
	for _, d := range list {
		wires = append(wires, map[string]any{"token_id": d.ID, "description": d.Description, "create_time": hbsTime(d.Created)})
	}
	return answer(map[string]any{"count": len(wires), "tokens": wires})
}

// deleteBesuToken answers DeleteBesuTokens (2.5.10.11).
func deleteBesuToken(c *call) (reply, error) {
	i, err := c.hbsOf(kindBesu)
	if err != nil {
		return reply{}, err
	}
	id := c.params["token_id"]
	d, err := get[besuToken](c.tx, kindBesuToken, id)
	if err != nil {
		return reply{}, err
	}
	if d == nil || d.Instance != i.ID {
		return reply{}, missing("token", id)
	}
	if err := c.remove(d); err != nil {
		return reply{}, err
	}
	return succeeded()
}
