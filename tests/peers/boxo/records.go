package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// validateQuestion is a record as it travels, and the name it is said to be of.
type validateQuestion struct {
	Name   string `json:"name"`
	Record string `json:"record"`
}

// verdict tells whether boxo takes the record, and why not.
type verdict struct {
	OK    bool   `json:"ok"`
	Error string `json:"error,omitempty"`
}

// validate asks boxo's own validator, through the routing key of the name.
func validate(q validateQuestion) (verdict, error) {
	record, err := hex.DecodeString(q.Record)
	if err != nil {
		return verdict{}, fmt.Errorf("record: %w", err)
	}
	name, err := ipns.NameFromString(q.Name)
	if err != nil {
		return verdict{}, fmt.Errorf("name %q: %w", q.Name, err)
	}
	if err := (ipns.Validator{}).Validate(string(name.RoutingKey()), record); err != nil {
		return verdict{Error: err.Error()}, nil
	}
	return verdict{OK: true}, nil
}

// signQuestion holds what an IPNS record is made of. Seed is the ed25519
// secret of RFC 8032; V2Only leaves out the fields for older readers; Metadata
// is what the specification lets a record carry beyond its own fields.
type signQuestion struct {
	Seed     string         `json:"seed"`
	Kind     string         `json:"kind"` // rsa, secp256k1: a new key, in place of the seed's
	Value    string         `json:"value"`
	Sequence uint64         `json:"sequence"`
	Validity time.Time      `json:"validity"`
	TTL      time.Duration  `json:"ttl_ns"`
	V2Only   bool           `json:"v2_only"`
	Metadata map[string]any `json:"metadata"`
}

// signed is the record boxo made, and the base36 name it belongs to.
type signed struct {
	Name   string `json:"name"`
	Record string `json:"record"`
}

func sign(q signQuestion) (signed, error) {
	key, err := keyOf(q)
	if err != nil {
		return signed{}, err
	}
	value, err := path.NewPath(q.Value)
	if err != nil {
		return signed{}, err
	}
	options := []ipns.Option{ipns.WithV1Compatibility(!q.V2Only), ipns.WithPublicKey(q.Kind != "")}
	if q.Metadata != nil {
		options = append(options, ipns.WithMetadata(q.Metadata))
	}
	record, err := ipns.NewRecord(key, value, q.Sequence, q.Validity, q.TTL, options...)
	if err != nil {
		return signed{}, err
	}
	encoded, err := ipns.MarshalRecord(record)
	if err != nil {
		return signed{}, err
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return signed{}, err
	}
	return signed{Name: ipns.NameFromPeer(id).String(), Record: hex.EncodeToString(encoded)}, nil
}

func keyOf(q signQuestion) (crypto.PrivKey, error) {
	switch q.Kind {
	case "rsa":
		key, _, err := crypto.GenerateKeyPair(crypto.RSA, 2048)
		return key, err
	case "secp256k1":
		key, _, err := crypto.GenerateKeyPair(crypto.Secp256k1, 256)
		return key, err
	}
	seed, err := hex.DecodeString(q.Seed)
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("seed is not %d bytes of hex", ed25519.SeedSize)
	}
	key, _, err := crypto.GenerateEd25519Key(bytes.NewReader(seed))
	return key, err
}
