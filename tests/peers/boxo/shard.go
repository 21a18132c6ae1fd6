package main

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/ipfs/boxo/blockservice"
	"github.com/ipfs/boxo/exchange/offline"
	"github.com/ipfs/boxo/ipld/merkledag"
	"github.com/ipfs/boxo/ipld/unixfs/hamt"
	"github.com/ipfs/go-cid"
)

// shardQuestion is a directory in parts of so many buckets, with so many entries.
type shardQuestion struct {
	Width int `json:"width"`
	Count int `json:"count"`
}

// sharded is its root, and every block of it.
type sharded struct {
	Root   string   `json:"root"`
	Blocks []string `json:"blocks"`
}

func shard(q shardQuestion) (sharded, error) {
	ctx := context.Background()
	blocks := newBlockstore()
	dag := merkledag.NewDAGService(blockservice.New(blocks, offline.Exchange(blocks)))
	directory, err := hamt.NewShard(dag, q.Width)
	if err != nil {
		return sharded{}, err
	}
	directory.SetCidBuilder(cid.V1Builder{Codec: cid.DagProtobuf, MhType: 0x12})
	leaf := merkledag.NewRawNode([]byte("x"))
	if err := dag.Add(ctx, leaf); err != nil {
		return sharded{}, err
	}
	for number := range q.Count {
		if err := directory.Set(ctx, fmt.Sprintf("%d.json", number), leaf); err != nil {
			return sharded{}, err
		}
	}
	root, err := directory.Node()
	if err != nil {
		return sharded{}, err
	}
	if err := dag.Add(ctx, root); err != nil {
		return sharded{}, err
	}
	keys, err := blocks.AllKeysChan(ctx)
	if err != nil {
		return sharded{}, err
	}
	answer := sharded{Root: root.Cid().String()}
	for key := range keys {
		block, err := blocks.Get(ctx, key)
		if err != nil {
			return sharded{}, err
		}
		answer.Blocks = append(answer.Blocks, hex.EncodeToString(block.RawData()))
	}
	return answer, nil
}
