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


def _value(results, target):
    own = results.get(target.route, {}).get("portcullis")
    if target.of == "cpu":
        other = results.get(target.over, {}).get("portcullis")
        return own["cpu_us"]["gateway"] / other["cpu_us"]["gateway"] if own and other else None
    if target.over == "series":
        limit = series(results, target.route)
        return own["rate"] / limit if own and limit else None
    other = results.get(target.route, {}).get(target.over)
    return own["rate"] / other["rate"] if own and other else None


def verdicts(results, idle):
    """(title, value, bound, is it met); value None where the run did not measure it."""
    found = []
    for target in TARGETS:
        value = _value(results, target)
        is_met = value is not None and (value <= target.bound if target.is_ceiling
                                        else value >= target.bound)
        found.append((target.title, value, target.bound, is_met))
    if "portcullis" in idle:
        value = idle["portcullis"]["per_connection"] / 1024
        found.append((f"an idle connection at most {IDLE_KIB:g} KiB", value, IDLE_KIB,
                      value <= IDLE_KIB))
    return found


def title_of(route):
    return next(entry.title for entry in ROUTES if entry.name == route)
