#!/usr/bin/env python3
"""Asks CP-SAT (pip install ortools) for the fewest moves that relieve the states which
`evenkeel bench plan --trace DIR --relief STATES` wrote, and compares the planner's.

    Tests/Tools/relief_optimum.py STATES [seconds for each state, 60] [threads, 8]

The model leaves the reserve out, which the planner keeps: its optimum is never above the true one. The planner's own
moves are its first solution where they are complete, and it is told what is plain: how many VMs each hot host must
lose at the least.
"""
import glob
import json
import sys

from ortools.sat.python import cp_model


def fewest_leaving(loads, excess):
    """How many of the largest loads it takes to make up for what is too much."""
    count = 0
    for load in sorted(loads, reverse=True):
        if excess <= 0:
            break
        excess -= load
        count += 1
    return count


def solve(state, seconds, threads):
    model = cp_model.CpModel()
    hosts, machines = state["hosts"], state["machines"]
    # Memory is held on both sides, so that what is free now is all that there will be.
    free = [host["memory"] for host in hosts]
    for machine in machines:
        free[machine["host"]] -= machine["memory"]
    goes = {}
    for number, machine in enumerate(machines):
        if machine["isMovable"] and machine["load"] > 0:
            for host in range(len(hosts)):
                if host != machine["host"] and machine["memory"] <= free[host]:
                    goes[number, host] = model.NewBoolVar("")
    leaves = {}
    for (number, _), variable in goes.items():
        leaves.setdefault(number, []).append(variable)
    for variables in leaves.values():
        model.AddAtMostOne(variables)
    for place, host in enumerate(hosts):
        own = [n for n, m in enumerate(machines) if m["host"] == place]
        coming = [(n, v) for (n, h), v in goes.items() if h == place]
        # Load counts where the VM is in the end.
        model.Add(sum(machines[n]["memory"] * v for n, v in coming) <= free[place])
        limit = int(host["processor"] * state["target"] + 1e-9)
        gone = sum(machines[n]["load"] * v for n in own for v in leaves.get(n, []))
        load = sum(machines[n]["load"] for n in own)
        model.Add(sum(machines[n]["load"] * v for n, v in coming) + load - gone <= limit)
        if load > limit:
            movable = [n for n in own if n in leaves]
            fewest = fewest_leaving([machines[n]["load"] for n in movable], load - limit)
            model.Add(sum(v for n in movable for v in leaves[n]) >= fewest)
        for group in state["apart"]:
            there = sum(1 for n in group if machines[n]["host"] == place)
            variables = [goes[n, place] for n in group if (n, place) in goes]
            if there and variables:
                model.Add(sum(variables) == 0)
            elif len(variables) > 1:
                model.AddAtMostOne(variables)
    model.Minimize(sum(goes.values()))
    made = {(move["machine"], move["host"]) for move in state["moves"]}
    for move, variable in goes.items():
        model.AddHint(variable, move in made)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = threads
    # On a busy machine looking for symmetries alone would take all of the time.
    solver.parameters.symmetry_level = 0
    solver.parameters.cp_model_probing_level = 0
    solver.parameters.max_time_in_seconds = seconds
    status = solver.Solve(model)
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return int(solver.ObjectiveValue()), int(solver.BestObjectiveBound() + 0.5), status == cp_model.OPTIMAL
    return None, None, status == cp_model.INFEASIBLE


def main():
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 60
    threads = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    within = total = 0
    print("state                moves  cp-sat  bound  proven  within")
    for path in sorted(glob.glob(sys.argv[1] + "/state-*.json")):
        with open(path) as file:
            state = json.load(file)
        if state["unrelieved"] == 0 and len(state["moves"]) == state["bound"]:
            best, bound, proven = state["bound"], state["bound"], True
        else:
            best, bound, proven = solve(state, seconds, threads)
        name = f"seed {state['seed']} step {state['step']}"
        moves = len(state["moves"]) if state["unrelieved"] == 0 else None
        if best is None:
            good = moves is None
            print(f"{name:20} {moves!s:>5}  {'none' if proven else '?':>6}", flush=True)
        else:
            allowed = best + max(1, best / 10) if proven else best * 1.1
            good = moves is not None and moves <= allowed + 1e-9
            print(f"{name:20} {moves!s:>5}  {best:>6}  {bound:>5}  {'yes' if proven else 'no':>6}  {'yes' if good else 'NO'}", flush=True)
        total += 1
        within += good
    print(f"{within} of {total} states within max(1, 10 %) of the optimum, or 10 % of the best found")


if __name__ == "__main__":
    main()
