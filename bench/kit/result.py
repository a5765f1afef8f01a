"""The rounds of a run, their medians, and what the targets make of them."""

from statistics import median

from .routes import IDLE_KIB, ROUTES, TARGETS


def medians(rounds):
    """rounds[route][peer] is a list of rounds; of each figure the median."""
    results = {}
    for route, peers in rounds.items():
        results[route] = {peer: _median(values) for peer, values in peers.items() if values}
    return results


def _median(values):
    names = values[0]["cpu_us"]
    result = {key: median(value[key] for value in values)
              for key in values[0] if key != "cpu_us"}
    result["cpu_us"] = {name: median(value["cpu_us"][name] for value in values) for name in names}
    rates = [value["rate"] for value in values]
    result["rounds"] = rates
    result["spread"] = (max(rates) - min(rates)) / result["rate"] if result["rate"] else 0
    return result


def series(results, route):
    """1/(1/H + 1/D): what HTTP from memory and bare statements allow one after the other."""
    known = results.get(route, {})
    if "memory" not in known or "direct" not in known:
        return None
    return 1 / (1 / known["memory"]["rate"] + 1 / known["direct"]["rate"])


def total_cpu(known):
    """Everyone's CPU for one request: servers, database and load."""
    return sum(known["cpu_us"].values())


def _value(results, target):
    """The ratio a target asks for, and the same ratio by CPU a request: where all CPUs are busy the
    two agree, and where others work on the machine as well the second is the steadier."""
    peers = results.get(target.route, {})
    own = peers.get("portcullis")
    if target.of == "cpu":
        other = results.get(target.over, {}).get("portcullis")
        value = own["cpu_us"]["gateway"] / other["cpu_us"]["gateway"] if own and other else None
        return value, value
    if target.over == "series":
        limit = series(results, target.route)
        if not own or not limit:
            return None, None
        both = total_cpu(peers["memory"]) + total_cpu(peers["direct"])
        return own["rate"] / limit, both / total_cpu(own)
    other = peers.get(target.over)
    if not own or not other:
        return None, None
    return own["rate"] / other["rate"], total_cpu(other) / total_cpu(own)


def verdicts(results, idle):
    """(title, value, value by CPU, is it met); None where the run did not measure it."""
    found = []
    for target in TARGETS:
        value, by_cpu = _value(results, target)
        is_met = value is not None and (value <= target.bound if target.is_ceiling
                                        else value >= target.bound)
        found.append((target.title, value, by_cpu, is_met))
    if "portcullis" in idle:
        value = idle["portcullis"]["per_connection"] / 1024
        found.append((f"an idle connection at most {IDLE_KIB:g} KiB", value, None, value <= IDLE_KIB))
    return found


def title_of(route):
    return next(entry.title for entry in ROUTES if entry.name == route)
