package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/orchestrate-tosca/orchestrate/providers/bcs"
	"github.com/orchestrate-tosca/orchestrate/providers/hbs"
	"github.com/orchestrate-tosca/orchestrate/providers/huaweicloud"
)

// subjects are all that can be looked at: first the account, then instances and what
// belongs to them, then what goes on there.
func subjects() []subject {
	return slices.Concat(accountSubjects(), instanceSubjects(), chainSubjects(), workSubjects())
}

func accountSubjects() []subject {
	return []subject{
		{
			name: "instances", short: "Instances of both services",
			long:    `Lists the instances of both services: networks of BCS, chains of HBS.`,
			example: []string{"orchestrate cloud instances", "orchestrate cloud instances --service hbs --json | jq -r '.items[] | [.name, .id] | @tsv'"},
			columns: []string{"service", "id", "name", "status", "kind", "edition", "version", "created"},
			options: []lookOption{instanceOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]bcs.Instance, error) {
				return only(l.bcs.Instance(ctx, i.ID))
			}),
			hbs: whole(func(ctx context.Context, l eyes, q *lookQuery) ([]hbs.Instance, error) {
				switch {
				case q.at == nil:
					return l.hbs.Instances(ctx)
				case q.at.service != serviceHBS:
					return nil, nil
				}
				return only(l.hbs.Instance(ctx, q.at.ID))
			}),
		},
		{
			name: "totals", aliases: []string{"dashboard"}, short: "How many there are of what",
			long:    `Counts what the project has, as the dashboards of the services do.`,
			example: []string{"orchestrate cloud totals"},
			columns: []string{"service", "type", "count"},
			bcs: whole(func(ctx context.Context, l eyes, _ *lookQuery) ([]hbs.Total, error) {
				all, err := l.bcs.Refs(ctx)
				return only(hbs.Total{Type: "instance", Count: int64(len(all))}, err)
			}),
			hbs: whole(func(ctx context.Context, l eyes, _ *lookQuery) ([]hbs.Total, error) { return l.hbs.Totals(ctx) }),
		},
		{
			name: "quotas", short: "What the project may have, and has",
			long:    `Lists the quotas of the project. HBS tells none.`,
			example: []string{"orchestrate cloud quotas"},
			columns: []string{"type", "quota", "used", "free", "unit"},
			bcs:     whole(func(ctx context.Context, l eyes, _ *lookQuery) ([]bcs.Quota, error) { return l.bcs.Quotas(ctx) }),
		},
		{
			name: "flavours", aliases: []string{"flavors", "editions"}, short: "Editions, and what instances of them may have",
			long: `Lists the editions and how much of what an instance may have in them, as far as the
services tell: BCS tells the peers of an organization, the orderers, and the members
of a consortium; HBS the organizations, and the transactions a second.`,
			example: []string{"orchestrate cloud flavours"},
			columns: []string{"service", "edition", "organizations", "tps", "peers", "orderers", "members"},
			bcs:     whole(func(ctx context.Context, l eyes, _ *lookQuery) ([]bcs.Flavour, error) { return l.bcs.Flavours(ctx) }),
			hbs:     whole(func(ctx context.Context, l eyes, _ *lookQuery) ([]hbs.Flavour, error) { return l.hbs.Flavours(ctx) }),
		},
		{
			name: "versions", short: "The newest engines and plugins",
			long: `Lists the newest versions that HBS has of its engines and plugins. The version of an
instance is that which "cloud instances" shows.`,
			example: []string{"orchestrate cloud versions"},
			columns: []string{"component", "name", "version"},
			hbs:     whole(func(ctx context.Context, l eyes, _ *lookQuery) ([]hbs.Version, error) { return l.hbs.Versions(ctx) }),
		},
		{
			name: "prices", short: "What organizations of HBS cost",
			long: `Asks HBS what organizations cost, by edition, number and time. An edition that can't
have so many is left out, unless it is asked for by --edition.`,
			example: []string{"orchestrate cloud prices", "orchestrate cloud prices --edition Enterprise --organizations 3 --years 1"},
			columns: []string{"edition", "organizations", "months", "amount", "original_amount", "currency"},
			options: []lookOption{priceOptions},
			hbs:     whole(readPrices),
		},
		{
			name: "restorable-backups", short: "Backups that an instance can be made from",
			long: `Lists the backups of all instances of HBS from which another instance can be made:
those that are Active and were not restored. With --id it also tells, in its JSON,
what the new instance has to be like.`,
			example: []string{"orchestrate cloud restorable-backups", "orchestrate cloud restorable-backups --id 2f1c --json"},
			columns: []string{"id", "name", "status", "instance", "type", "restored", "created", "failure"},
			options: []lookOption{idOption("the backup")},
			hbs: whole(func(ctx context.Context, l eyes, q *lookQuery) ([]hbs.Restorable, error) {
				if q.id != "" {
					return only(l.hbs.Restorable(ctx, q.id))
				}
				return l.hbs.Restorables(ctx)
			}),
		},
		{
			name: "members", short: "Who was invited to channels, as either side sees it",
			long:    `Lists the members of the consortiums that the project is part of, on either side.`,
			example: []string{"orchestrate cloud members", "orchestrate cloud members --channel trade"},
			columns: []string{"channel", "inviter", "inviter_instance", "invitee", "invitee_instance_id", "status", "organizations"},
			options: []lookOption{channelOption, instanceOption},
			bcs: whole(func(ctx context.Context, l eyes, q *lookQuery) ([]bcs.Member, error) {
				all, err := l.bcs.Members(ctx)
				return slices.DeleteFunc(all, func(m bcs.Member) bool {
					return q.otherChannel(m.Channel) || q.otherInstance(m.InviterInstanceID, m.InviteeInstanceID)
				}), err
			}),
		},
		{
			name: "notifications", aliases: []string{"invitations"}, short: "Invitations that the project has got",
			long:    `Lists the invitations to channels of others, whether they are answered or not.`,
			example: []string{"orchestrate cloud notifications", "orchestrate cloud notifications --status waiting --json"},
			columns: []string{"channel", "status", "inviter", "inviter_instance", "inviter_instance_id", "invitee", "invitee_instance", "organizations", "updated"},
			options: []lookOption{channelOption, statusOption, instanceOption},
			bcs: whole(func(ctx context.Context, l eyes, q *lookQuery) ([]bcs.Notification, error) {
				all, err := l.bcs.Notifications(ctx)
				return slices.DeleteFunc(all, func(n bcs.Notification) bool {
					return q.otherChannel(n.Channel) || q.otherStatus(n.Status) || q.otherInstance(n.InviterInstanceID, n.InviteeInstanceID)
				}), err
			}),
		},
	}
}

func (q *lookQuery) otherChannel(name string) bool { return q.channel != "" && q.channel != name }
func (q *lookQuery) otherStatus(status string) bool {
	return q.status != "" && !strings.EqualFold(q.status, status)
}
func (q *lookQuery) otherInstance(ids ...string) bool {
	return q.at != nil && !slices.Contains(ids, q.at.ID)
}

// readPrices asks for the price of each edition that can have the organizations.
func readPrices(ctx context.Context, l eyes, q *lookQuery) ([]hbs.Price, error) {
	period := hbs.Period{Count: q.months}
	if q.years > 0 {
		period = hbs.Period{Years: true, Count: q.years}
	}
	asked := []string{q.edition}
	if q.edition == "" {
		flavours, err := l.hbs.Flavours(ctx)
		if err != nil {
			return nil, err
		}
		asked = nil
		for _, f := range flavours {
			if f.Organizations >= int64(q.organizations) {
				asked = append(asked, f.Edition)
			}
		}
	}
	var out []hbs.Price
	for _, edition := range asked {
		p, err := l.hbs.Price(ctx, edition, q.organizations, period)
		if err != nil {
			return out, err
		}
		out = append(out, p)
	}
	return out, nil
}

func instanceSubjects() []subject {
	return []subject{
		{
			name: "components", short: "How the creation of instances went, part by part",
			long:    `Lists what the creation of an instance of BCS consists of, and how far each part is.`,
			example: []string{"orchestrate cloud components --instance ledger"},
			columns: []string{"instance", "name", "status", "started", "ended", "detail"},
			options: []lookOption{instanceOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]bcs.Component, error) {
				return l.bcs.Components(ctx, i.ID)
			}),
		},
		{
			name: "nodes", short: "Groups of nodes, and how many of them are healthy",
			long:    `Lists the groups of nodes of instances of BCS: agents, orderers, peers, add-ons.`,
			example: []string{"orchestrate cloud nodes --instance ledger"},
			columns: []string{"instance", "role", "name", "status", "healthy", "count", "storage", "addresses"},
			options: []lookOption{instanceOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]bcs.Node, error) {
				return l.bcs.Nodes(ctx, i.ID)
			}),
		},
		{
			name: "organizations", aliases: []string{"orgs"}, short: "Organizations of instances",
			long: `Lists the organizations of instances of both services. What they are called on the
chain, their MSP, capacity, subscription and billing stand in the JSON.`,
			example: []string{"orchestrate cloud organizations --instance ledger", "orchestrate cloud orgs --node chain --organization bank --json"},
			columns: []string{"service", "instance", "name", "status", "peers", "healthy", "chain_org_id", "consensus", "expires"},
			options: []lookOption{instanceOption, organizationOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]bcs.Organization, error) {
				all, err := l.bcs.Organizations(ctx, i.ID)
				return slices.DeleteFunc(all, func(o bcs.Organization) bool { return q.organization != "" && q.organization != o.Name }), err
			}),
			hbs: each(readOrganizations),
		},
		{
			name: "peers", short: "Peers of organizations, and the channels that they are in",
			long:    `Lists the peers of instances of BCS.`,
			example: []string{"orchestrate cloud peers --instance ledger --organization bank", "orchestrate cloud peers --channel trade"},
			columns: []string{"instance", "organization", "name", "address", "channels"},
			options: []lookOption{instanceOption, organizationOption, channelOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]bcs.Peer, error) {
				all, err := l.bcs.Peers(ctx, i.ID)
				return slices.DeleteFunc(all, func(p bcs.Peer) bool {
					return q.organization != "" && q.organization != p.Organization || q.channel != "" && !slices.Contains(p.Channels, q.channel)
				}), err
			}),
		},
		{
			name: "channels", short: "Channels, and who is in them",
			long:    `Lists the channels of instances of BCS, with the organizations that have peers there.`,
			example: []string{"orchestrate cloud channels", "orchestrate cloud channels --instance ledger --channel trade --json"},
			columns: []string{"instance", "name", "members", "consensus", "created", "description"},
			options: []lookOption{instanceOption, channelOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]bcs.Channel, error) {
				all, err := l.bcs.Channels(ctx, i.ID)
				return slices.DeleteFunc(all, func(c bcs.Channel) bool { return q.otherChannel(c.Name) }), err
			}),
		},
		{
			name: "endpoints", short: "Endpoints of instances",
			long:    `Lists the endpoints of instances of HBS. One that could not be made never shows.`,
			example: []string{"orchestrate cloud endpoints --instance chain"},
			columns: []string{"instance", "id", "name", "address"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.Endpoint, error) {
				return l.hbs.Endpoints(ctx, i.ID)
			}).of(inCloud),
		},
		{
			name: "endpoint-services", short: "What the endpoints of instances lead to",
			long:    `Lists the endpoint services of instances of HBS.`,
			example: []string{"orchestrate cloud endpoint-services --instance chain"},
			columns: []string{"instance", "name", "status", "endpoints"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.EndpointService, error) {
				return only(l.hbs.EndpointService(ctx, i.ID))
			}).of(inCloud),
		},
		{
			name: "tags", short: "Tags of instances",
			long:    `Lists the tags of instances of HBS.`,
			example: []string{"orchestrate cloud tags --instance chain"},
			columns: []string{"instance", "key", "value"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.Tag, error) {
				return l.hbs.Tags(ctx, i.ID)
			}),
		},
		{
			name: "backups", short: "Backups of instances",
			long:    `Lists the backups of instances of HBS. "cloud restorable-backups" has also those of instances that are gone.`,
			example: []string{"orchestrate cloud backups --instance chain"},
			columns: []string{"instance", "id", "name", "status", "type", "created", "failure"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.Backup, error) {
				return l.hbs.Backups(ctx, i.ID)
			}),
		},
		{
			name: "backup-rules", short: "How often instances are saved by themselves",
			long:    `Lists for each instance of HBS whether it is saved by itself, and after how many days.`,
			example: []string{"orchestrate cloud backup-rules"},
			columns: []string{"instance", "on", "days"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.BackupRule, error) {
				return only(l.hbs.BackupRule(ctx, i.ID))
			}),
		},
		{
			name: "tokens", short: "Credentials for the nodes of Besu, without their secrets",
			long:    `Lists the tokens of instances of Besu. Their secrets are told only when they are made.`,
			example: []string{"orchestrate cloud tokens --instance besu"},
			columns: []string{"instance", "id", "description", "created"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.Token, error) {
				return l.hbs.Tokens(ctx, i.ID)
			}).of(besuOnly),
		},
	}
}

func readOrganizations(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]hbs.Organization, error) {
	if q.organization == "" {
		return l.hbs.Organizations(ctx, i.ID)
	}
	o, err := l.hbs.Organization(ctx, i.ID, q.organization)
	if huaweicloud.Gone(err) && q.at == nil {
		return nil, nil // another instance may have it
	}
	return only(o, err)
}

func chainSubjects() []subject {
	return []subject{
		{
			name: "chains", short: "Chains, and how much is on them",
			long:    `Lists the chains of instances of HBS, with their counters and, in the JSON, organizations.`,
			example: []string{"orchestrate cloud chains", "orchestrate cloud chains --instance chain --json"},
			columns: []string{"instance", "id", "consensus", "sign_algorithm", "contracts", "blocks", "transactions", "tps"},
			options: []lookOption{instanceOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, _ *lookQuery) ([]hbs.Chain, error) {
				return only(l.hbs.Chain(ctx, i.ID, i.besu))
			}),
		},
		{
			name: "trends", short: "How many blocks and transactions came lately",
			long:    `Lists how many blocks and transactions came in each hour, the newest first. Besu tells none.`,
			example: []string{"orchestrate cloud trends --instance chain", "orchestrate cloud trends --minutes"},
			columns: []string{"instance", "time", "blocks", "transactions"},
			options: []lookOption{instanceOption, minutesOption},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]hbs.Trend, error) {
				return l.hbs.Trends(ctx, i.ID, !q.minutes)
			}).of(chainInCloud),
		},
		{
			name: "blocks", short: "Blocks of a chain", single: true,
			long: `Lists the newest blocks of a chain of HBS, or shows one. The body hash is over what is
in the block only. On a HuaweiCloudChain the parent hash is not the body hash of the
block before: it is over more, and the service does not say over what.`,
			example: []string{"orchestrate cloud blocks --instance chain --limit 5", "orchestrate cloud blocks --instance besu --height 0"},
			columns: []string{"height", "transactions", "body_hash", "parent_hash", "created"},
			options: []lookOption{instanceOption, heightOption, limitOption(20)},
			hbs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]hbs.Block, error) {
				if q.height >= 0 {
					return only(l.hbs.Block(ctx, i.ID, i.besu, q.height))
				}
				return l.hbs.Blocks(ctx, i.ID, i.besu, q.limit)
			}).of(inCloud),
		},
		{
			name: "transactions", aliases: []string{"txs"}, short: "Transactions of a chain", single: true,
			long: `Lists the newest transactions of a chain of HBS, or those of a block, or shows one.
What they have read and written stands in the JSON.`,
			example: []string{"orchestrate cloud transactions --instance chain", "orchestrate cloud transactions --instance chain --block 2 --json"},
			columns: []string{"id", "block", "type", "status", "organization", "from", "to", "contract", "created"},
			options: []lookOption{instanceOption, idOption("the transaction"), blockOption, limitOption(20)},
			hbs:     each(readTransactions).of(inCloud),
		},
		{
			name: "contracts", short: "Contracts on chains, and what their scans have found",
			long: `Lists the contracts of instances of HBS. --report writes what the scan of one has found
to a file. The code of contracts of Besu stands in the JSON.`,
			example: []string{"orchestrate cloud contracts", "orchestrate cloud contracts --instance chain --name settle --report scan.zip"},
			columns: []string{"instance", "name", "address", "version", "type", "status", "scan", "installed", "failure"},
			options: []lookOption{instanceOption, nameOption("the contract"), reportOptions},
			hbs:     each(readContracts).of(inCloud),
		},
	}
}

func readTransactions(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]hbs.Transaction, error) {
	switch {
	case q.id != "":
		return only(l.hbs.Transaction(ctx, i.ID, i.besu, q.id))
	case q.block >= 0:
		return l.hbs.Transactions(ctx, i.ID, i.besu, q.block, q.limit)
	}
	return l.hbs.LatestTransactions(ctx, i.ID, i.besu, q.limit)
}

func readContracts(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]hbs.Contract, error) {
	if q.name == "" {
		return l.hbs.Contracts(ctx, i.ID, i.besu)
	}
	if i.besu {
		return nil, nil // they have no names there
	}
	c, err := l.hbs.Contract(ctx, i.ID, q.name)
	if huaweicloud.Gone(err) && q.at == nil {
		return nil, nil // another instance may have it
	}
	if err != nil || q.report == "" {
		return only(c, err)
	}
	report, err := l.hbs.ContractReport(ctx, i.ID, q.name, q.language)
	if err == nil {
		err = replaceFile(q.report, report)
	}
	return []hbs.Contract{c}, err
}

func workSubjects() []subject {
	return []subject{
		{
			name: "operations", aliases: []string{"jobs"}, short: "Work that was asked for, and how far it is", newest: "changed",
			long: `Lists the work that was asked for, the newest first: operation records of BCS, jobs of
HBS. The services keep them for some time only. "cloud steps" shows their parts.`,
			example: []string{"orchestrate cloud operations", "orchestrate cloud operations --instance ledger --status failed --since 7d"},
			columns: []string{"service", "id", "type", "status", "at", "instance", "changed", "failure"},
			options: []lookOption{instanceOption, idOption("the operation"), statusOption, sinceOption(""), limitOption(0)},
			bcs:     whole(readRecords),
			hbs:     whole(readJobs),
		},
		{
			name: "steps", short: "The parts of work, one by one",
			long:    `Lists the steps of operations of BCS in their order, the newest operation first. Jobs of HBS have none.`,
			example: []string{"orchestrate cloud steps --instance ledger --limit 1", "orchestrate cloud steps --id BCSSVC01-99-1618218591906093855"},
			columns: []string{"operation", "name", "status", "started", "ended", "detail"},
			options: []lookOption{instanceOption, idOption("those of the operation"), statusOption, sinceOption(""), limitOption(0)},
			bcs: whole(func(ctx context.Context, l eyes, q *lookQuery) ([]stepOf, error) {
				all, err := readRecords(ctx, l, q)
				var out []stepOf
				for _, o := range all {
					for _, s := range o.Steps {
						out = append(out, stepOf{o.ID, o.Instance, o.InstanceID, s})
					}
				}
				return out, err
			}),
		},
		{
			name: "events", aliases: []string{"alarms"}, short: "Alarms and other events of instances",
			long:    `Lists what happened to instances of BCS, the newest first. An alarm that has no end is open.`,
			example: []string{"orchestrate cloud events --open", "orchestrate cloud events --instance ledger --since 7d --search disk"},
			columns: []string{"instance", "name", "severity", "type", "started", "ended", "message"},
			options: []lookOption{instanceOption, eventOptions, sinceOption("24h"), untilOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]bcs.Event, error) {
				return l.bcs.Events(ctx, i.ID, q.events())
			}),
		},
		{
			name: "event-counts", aliases: []string{"event-statistics"}, short: "How many events of each severity there were",
			long:    `Counts the events of instances of BCS by their severity and, in the JSON, by time.`,
			example: []string{"orchestrate cloud event-counts", "orchestrate cloud event-counts --since 7d --step 24h --json"},
			columns: []string{"instance", "severity", "total", "last"},
			options: []lookOption{instanceOption, eventOptions, sinceOption("24h"), untilOption, stepOption},
			bcs: each(func(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]bcs.EventCount, error) {
				return l.bcs.EventCounts(ctx, i.ID, q.events())
			}),
		},
		{
			name: "metrics", short: "What is measured of instances, organizations and nodes",
			long: `Lists measured values of instances of BCS; with --organization or --plugin of these,
and with --pod of one of their nodes.`,
			example: []string{"orchestrate cloud metrics", "orchestrate cloud metrics --instance ledger --organization bank"},
			columns: []string{"instance", "of", "name", "value", "unit", "statistic", "time"},
			options: []lookOption{instanceOption, metricOptions},
			bcs:     each(readMetrics),
		},
	}
}

func readMetrics(ctx context.Context, l eyes, i instanceRef, q *lookQuery) ([]bcs.Metric, error) {
	f := bcs.MetricFilter{Names: q.metrics, Entity: q.organization, Node: q.pod}
	if q.plugin != "" {
		f.Plugin, f.Entity = true, q.plugin
	}
	return l.bcs.Metrics(ctx, i.ID, f)
}

// stepOf is a step with the operation that it is a part of.
type stepOf struct {
	Operation  string `json:"operation"`
	Instance   string `json:"instance"`
	InstanceID string `json:"instance_id"`
	bcs.OperationStep
}

// readRecords lists operation records of BCS as they are asked for.
func readRecords(ctx context.Context, l eyes, q *lookQuery) ([]bcs.Operation, error) {
	instance := ""
	if q.at != nil {
		if instance = q.at.ID; q.at.service != serviceBCS {
			return nil, nil
		}
	}
	all, err := l.bcs.Operations(ctx, instance, q.id)
	all = slices.DeleteFunc(all, func(o bcs.Operation) bool { return q.otherStatus(o.Status) || !q.within(o.Changed) })
	return newest(all, q.limit), err
}

// readJobs lists jobs of HBS as they are asked for. The service filters them by
// when they began, which may be long before they changed.
func readJobs(ctx context.Context, l eyes, q *lookQuery) ([]hbs.Operation, error) {
	if q.id != "" {
		o, err := l.hbs.Operation(ctx, q.id)
		if huaweicloud.Gone(err) && q.service == "" {
			return nil, nil // the other service may have it
		}
		return only(o, err)
	}
	if q.at != nil && q.at.service != serviceHBS {
		return nil, nil
	}
	all, err := l.hbs.Operations(ctx, time.Time{})
	all = slices.DeleteFunc(all, func(o hbs.Operation) bool {
		return q.otherInstance(o.InstanceID) || q.otherStatus(o.Status) || !q.within(o.Changed)
	})
	return newest(all, q.limit), err
}

// newest are the first ones of a list, as many as the limit says.
func newest[T any](list []T, limit int) []T {
	if limit > 0 && len(list) > limit {
		return list[:limit]
	}
	return list
}
