// Package emulator is the vendor's cloud on loopback: an http.Handler that
// answers the management calls of BCS, HBS, BSS, VPC, ECS, EIP and IAM as the
// services do, so that anybody without an account can try, test and rehearse.
//
// Requests go in as the vendor's SDK sends them, signed or with a token;
// answers come out in the vendor's shapes, with its codes. Both are held to
// the OpenAPI contracts, which the caller hands over as an fs.FS. Objects live
// in one SQLite file that several processes may share, and asynchronous work
// goes on by the clock alone: an operation stores when each of its parts ends,
// and whoever asks next settles what has ended meanwhile. A killed process
// therefore loses nothing, and a cloud that nobody looks at still moves.
//
// The package imports nothing of ours. What the sources leave open and the
// emulator decides is listed in docs/emulator.md.
//
// The files: emulator.go is the front door, contract.go the contracts,
// auth.go who may enter, store.go what lasts, faults.go what goes wrong on
// purpose; bcs_*.go, hbs_*.go, bss.go, vpc.go, subnet.go, eip.go, ecs_*.go and
// iam.go are the services.
package emulator
