// Command boxo answers the questions the tests of namesys have for boxo, the
// library Kubo is made of: is this IPNS record valid, what is the root of this
// folder, and how do its gateway and its delegated routing server behave.
//
//	boxo validate   JSON lines {"name","record"} in, {"ok","error"} out
//	boxo sign       JSON lines {"seed","value",…} in, {"name","record"} out
//	boxo shard      JSON lines {"width","count"} in, {"root","blocks"} out
//	boxo root DIR…  {"root"} of each folder, profile unixfs-v1-2025
//	boxo serve CAR… gateway and routing on loopback, {"url"} first, until stdin ends
//
// Bytes are hex in JSON. Exit 1, with the reason on stderr, when the question
// itself could not be understood.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "boxo:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return errors.New("expected one of: validate, sign, root, serve")
	}
	switch args[0] {
	case "validate":
		return answerLines(validate)
	case "sign":
		return answerLines(sign)
	case "shard":
		return answerLines(shard)
	case "root":
		return roots(context.Background(), args[1:])
	case "serve":
		return serve(context.Background(), args[1:])
	default:
		return fmt.Errorf("unknown subcommand %q", args[0])
	}
}

// answerLines reads JSON questions from stdin and writes one line for each.
func answerLines[Q, A any](answer func(Q) (A, error)) error {
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		var question Q
		if err := in.Decode(&question); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		reply, err := answer(question)
		if err != nil {
			return err
		}
		if err := out.Encode(reply); err != nil {
			return err
		}
	}
}
