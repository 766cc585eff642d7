"""What the families of ZFS must say, computed a second time and in the plainest way from the kernel's files and from what `zpool` prints.

The oracle shares no code with the exporter. Tests feed both the same files and compare the samples.

Rules that hold everywhere: a row that is absent, or no whole number of 64 bits, gives no sample; a counter is never negative; of two rows of one
name the first counts; a line without an end was cut and does not count.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Labels = frozenset[tuple[str, str]]
Samples = dict[tuple[str, Labels], float]
#: row: family, more labels
Table = dict[str, tuple[str, dict[str, str]]]

STATES = ["ONLINE", "DEGRADED", "FAULTED", "OFFLINE", "UNAVAIL", "REMOVED", "SUSPENDED"]


def plain(prefix: str, suffix: str, text: str) -> Table:
    """`name=row name=row …`; a name alone is its own row."""
    pairs = (word.partition("=") for word in text.split())
    return {row or name: (f"{prefix}{name}{suffix}", {}) for name, _, row in pairs}


def labelled(family: str, rows: Mapping[str, dict[str, str]]) -> Table:
    return {row: (family, labels) for row, labels in rows.items()}


KINDS = ["demand_data", "demand_metadata", "prefetch_data", "prefetch_metadata"]
LISTS = ["anon", "mru", "mru_ghost", "mfu", "mfu_ghost", "uncached"]

ARC: Table = {
    **plain("zfs_arc_", "_bytes", """size target_size=c min_size=c_min max_size=c_max compressed_size uncompressed_size overhead_size header_size=hdr_size
        data_size metadata_size dbuf_size dnode_size bonus_size metadata_used=arc_meta_used metadata_limit=arc_meta_limit dnode_limit=arc_dnode_limit
        need_free=arc_need_free sys_free=arc_sys_free memory_all=memory_all_bytes memory_free=memory_free_bytes memory_available=memory_available_bytes"""),
    **plain("zfs_arc_", "", "no_grow=arc_no_grow"),
    **plain("zfs_arc_", "_total", """hits iohits misses memory_throttles=memory_throttle_count memory_direct_reclaims=memory_direct_count
        memory_indirect_reclaims=memory_indirect_count prunes=arc_prune deleted evict_not_enough"""),
    **{row: entry for word in ("hits", "iohits", "misses") for row, entry in labelled(f"zfs_arc_{word}_by_kind_total", {f"{kind}_{word}": {"kind": kind} for kind in KINDS}).items()},
    **labelled("zfs_arc_list_hits_total", {f"{name}_hits": {"list": name} for name in LISTS if name != "anon"}),
    **labelled("zfs_arc_list_size_bytes", {f"{name}_size": {"list": name} for name in LISTS}),
    **labelled("zfs_arc_evicted_bytes_total", {f"evict_l2_{word}": {"l2": word} for word in ("cached", "eligible", "ineligible")}),
    **plain("zfs_l2arc_", "_bytes", "size=l2_size allocated_size=l2_asize header_size=l2_hdr_size"),
    **plain("zfs_l2arc_", "_total", """hits=l2_hits misses=l2_misses read_bytes=l2_read_bytes write_bytes=l2_write_bytes writes_sent=l2_writes_sent
        writes_done=l2_writes_done writes_errors=l2_writes_error checksum_errors=l2_cksum_bad io_errors=l2_io_error evict_lock_retries=l2_evict_lock_retry
        evict_readings=l2_evict_reading evict_cached=l2_evict_l1cached rebuild_successes=l2_rebuild_success"""),
    **labelled("zfs_l2arc_rebuild_failures_total", {
        "l2_rebuild_unsupported": {"reason": "unsupported"}, "l2_rebuild_io_errors": {"reason": "io"}, "l2_rebuild_dh_errors": {"reason": "device_header"},
        "l2_rebuild_cksum_lb_errors": {"reason": "checksum"}, "l2_rebuild_lowmem": {"reason": "low_memory"}}),
}  # fmt: skip
ARC_ALL: Table = {
    **plain("zfs_arc_", "_bytes", "mru_target_size=p raw_size=arc_raw_size chunk_waste_size=abd_chunk_waste_size reserved=arc_tempreserve loaned=arc_loaned_bytes"),
    **plain("zfs_arc_", "", "hash_elements hash_elements_max hash_chains hash_chain_max"),
    **plain("zfs_arc_", "_total", """evict_skips=evict_skip evict_l2_skips=evict_l2_skip mutex_misses=mutex_miss access_skips=access_skip hash_collisions
        async_upgrades=async_upgrade_sync cached_only_in_progress"""),
    **labelled("zfs_arc_prefetches_total", {f"{kind}_prefetch": {"kind": kind} for kind in ("predictive", "prescient")}),
    **labelled("zfs_arc_prefetch_hits_total", {f"demand_hit_{kind}_prefetch": {"kind": kind} for kind in ("predictive", "prescient")}),
    **labelled("zfs_arc_prefetch_iohits_total", {f"demand_iohit_{kind}_prefetch": {"kind": kind} for kind in ("predictive", "prescient")}),
    **labelled("zfs_arc_list_content_bytes", {f"{name}_{what}": {"list": name, "content": what} for name in LISTS for what in ("data", "metadata")}),
    **labelled("zfs_arc_list_evictable_bytes", {f"{name}_evictable_{what}": {"list": name, "content": what} for name in LISTS for what in ("data", "metadata")}),
    **labelled("zfs_arc_evicted_eligible_bytes_total", {f"evict_l2_eligible_{name}": {"list": name} for name in ("mru", "mfu")}),
    **plain("zfs_l2arc_", "_total", """feeds=l2_feeds read_write_clashes=l2_rw_clash writes_lock_retries=l2_writes_lock_retry free_on_writes=l2_free_on_write
        abort_low_memory=l2_abort_lowmem log_block_writes=l2_log_blk_writes rebuild_buffers=l2_rebuild_bufs rebuild_buffers_precached=l2_rebuild_bufs_precached
        rebuild_log_blocks=l2_rebuild_log_blks rebuild_size_bytes=l2_rebuild_size rebuild_allocated_size_bytes=l2_rebuild_asize"""),
    **plain("zfs_l2arc_", "", "log_blocks=l2_log_blk_count log_block_size_bytes=l2_log_blk_asize"),
    **labelled("zfs_l2arc_content_bytes", {f"l2_bufc_{what}_asize": {"content": what} for what in ("data", "metadata")}),
    **labelled("zfs_l2arc_list_bytes", {f"l2_{name}_asize": {"list": name} for name in ("prefetch", "mru", "mfu")}),
}  # fmt: skip


def intent_log(prefix: str) -> tuple[Table, Table]:
    """What is shown of the log anyway, and only where everything is asked for."""
    ways, devices = ["indirect", "copied", "needcopy"], {"normal": "pool", "slog": "log"}
    main = {
        **plain(f"{prefix}_", "_total", "commits=zil_commit_count commit_writers=zil_commit_writer_count transactions=zil_itx_count"),
        **labelled(f"{prefix}_commit_fallbacks_total", {f"zil_commit_{word}_count": {"reason": word} for word in ("error", "stall", "suspend", "crash")}),
        **labelled(f"{prefix}_transaction_bytes_total", {f"zil_itx_{way}_bytes": {"way": way} for way in ways}),
        **labelled(f"{prefix}_device_transactions_total", {f"zil_itx_metaslab_{word}_count": {"device": name} for word, name in devices.items()}),
        **labelled(f"{prefix}_device_bytes_total", {f"zil_itx_metaslab_{word}_bytes": {"device": name} for word, name in devices.items()}),
    }
    more = {
        **labelled(f"{prefix}_transactions_by_way_total", {f"zil_itx_{way}_count": {"way": way} for way in ways}),
        **labelled(f"{prefix}_device_written_bytes_total", {f"zil_itx_metaslab_{word}_write": {"device": name} for word, name in devices.items()}),
        **labelled(f"{prefix}_device_allocated_bytes_total", {f"zil_itx_metaslab_{word}_alloc": {"device": name} for word, name in devices.items()}),
    }
    return main, more


TRANSACTIONS = plain("zfs_dmu_tx_", "_total", """assigned=dmu_tx_assigned delays=dmu_tx_delay errors=dmu_tx_error suspended=dmu_tx_suspended
    dirty_throttles=dmu_tx_dirty_throttle dirty_delays=dmu_tx_dirty_delay dirty_over_max=dmu_tx_dirty_over_max dirty_frees_delays=dmu_tx_dirty_frees_delay
    write_log_delays=dmu_tx_wrlog_delay quota_waits=dmu_tx_quota""")  # fmt: skip
TRANSACTIONS_ALL = plain("zfs_dmu_tx_", "_total", "group_waits=dmu_tx_group memory_reserve_waits=dmu_tx_memory_reserve memory_reclaim_waits=dmu_tx_memory_reclaim")

DNODE = """hold_dbuf_hold hold_dbuf_read hold_alloc_hits hold_alloc_misses hold_alloc_interior hold_alloc_lock_retry hold_alloc_lock_misses hold_alloc_type_none
    hold_free_hits hold_free_misses hold_free_lock_misses hold_free_lock_retry hold_free_overflow hold_free_refcount free_interior_lock_retry allocate
    reallocate buf_evict alloc_next_chunk alloc_race alloc_next_block""".split()
CLONES = """addref_entry_in_memory addref_entry_not_on_disk addref_entry_on_disk addref_entry_read_lost_race decref_entry_in_memory decref_entry_loaded_from_disk
    decref_entry_not_in_memory decref_entry_not_on_disk decref_entry_read_lost_race decref_entry_still_referenced decref_free_data_later decref_free_data_now
    decref_no_entry""".split()
ZSTD_ERRORS = """alloc_fail compress_alloc_fail compress_level_invalid compress_failed decompress_alloc_fail decompress_header_invalid decompress_level_invalid
    decompress_failed""".split()
INNARDS: dict[str, Table] = {
    "abdstats": {
        **plain("zfs_abd_", "_bytes", "struct_size scatter_chunk_waste"),
        **plain("zfs_abd_", "_total", "scatter_page_alloc_retries=scatter_page_alloc_retry"),
        **labelled("zfs_abd_buffers", {f"{kind}_cnt": {"kind": kind} for kind in ("linear", "scatter")}),
        **labelled("zfs_abd_data_size_bytes", {f"{kind}_data_size": {"kind": kind} for kind in ("linear", "scatter")}),
    },
    "dbufstats": {
        **plain("zfs_dbuf_", "", """cache_entries=cache_count cache_size_bytes cache_target_bytes metadata_cache_entries=metadata_cache_count
            metadata_cache_size_bytes hash_elements"""),
        **plain("zfs_dbuf_", "_total", "cache_evictions=cache_total_evicts hash_hits hash_misses hash_collisions metadata_cache_overflows=metadata_cache_overflow"),
    },
    "dnodestats": labelled("zfs_dnode_events_total", {f"dnode_{event}": {"event": event} for event in DNODE}),
    "zfetchstats": {
        **plain("zfs_prefetch_", "_total", "hits misses future stride past max_streams reads=io_issued"),
        **plain("zfs_prefetch_", "", "reads_active=io_active"),
    },
    "vdev_mirror_stats": labelled("zfs_mirror_choices_total", {
        word: {"choice": word} for word in
        "rotating_linear rotating_offset rotating_seek non_rotating_linear non_rotating_seek preferred_found preferred_not_found".split()}),
    "fm": labelled("zfs_fault_reports_lost_total", {
        word: {"reason": word.replace("-", "_")} for word in "erpt-dropped erpt-set-failed fmri-set-failed payload-set-failed erpt-duplicates".split()}),
    "zstd": {
        **labelled("zfs_zstd_errors_total", {word: {"error": word} for word in ZSTD_ERRORS}),
        **plain("zfs_zstd_", "_total", "alloc_fallbacks=alloc_fallback"),
        **plain("zfs_zstd_", "", "buffers size_bytes=size"),
        **labelled("zfs_zstd_early_aborts_total", {
            word: {"decision": word} for word in "lz4pass_allowed lz4pass_rejected zstdpass_allowed zstdpass_rejected passignored passignored_size".split()}),
    },
    "brtstats": labelled("zfs_block_clone_events_total", {word: {"event": word} for word in CLONES}),
}  # fmt: skip

IOSTATS: Table = {
    **{
        f"{prefix}_{unit}_{result}": (f"zfs_pool_trim_{unit}_total", {"kind": kind, "result": result})
        for prefix, kind in (("trim", "manual"), ("autotrim", "auto"), ("simple_trim", "simple"))
        for unit in ("extents", "bytes")
        for result in ("written", "skipped", "failed")
    },
    **plain("zfs_pool_", "_total", """arc_reads=arc_read_count arc_read_bytes arc_writes=arc_write_count arc_write_bytes
        direct_reads=direct_read_count direct_read_bytes direct_writes=direct_write_count direct_write_bytes"""),
}  # fmt: skip
OBJSET = plain("zfs_objset_", "_total", "reads read_bytes=nread writes written_bytes=nwritten unlinks=nunlinks unlinked=nunlinked")


def lines(path: Path) -> list[str]:
    """Whole lines; none when there is no file."""
    return path.read_bytes().decode("utf-8", "replace").split("\n")[:-1] if path.is_file() else []


def rows(path: Path) -> dict[str, str]:
    """The rows of named statistics."""
    text = lines(path)
    if len(text) < 2 or text[0].split()[1:2] != ["1"] or text[1].split() != ["name", "type", "data"]:
        return {}
    found: dict[str, str] = {}
    for line in text[2:]:
        if match := re.fullmatch(r"(\S+) +(\d) +(.*)", line):
            found.setdefault(match[1], match[3])
    return found


def write(samples: Samples, table: Table, values: Mapping[str, str], base: Mapping[str, str]) -> None:
    for row, (family, labels) in table.items():
        if re.fullmatch(r"-?\d{1,20}", values.get(row, "")) and -(2**63) <= int(values[row]) < 2**64:
            if not (family.endswith("_total") and int(values[row]) < 0):
                samples[family, frozenset({**base, **labels}.items())] = float(int(values[row]))


def kernel_samples(root: Path, detail: str) -> Samples:
    """What the kernel's files below `root` say."""
    samples: Samples = {}
    place = root / "proc/spl/kstat/zfs"
    if version := lines(root / "sys/module/zfs/version"):
        samples["zfs_info", frozenset({("version", version[0].strip())})] = 1
    main, more = intent_log("zfs_zil")
    files: dict[str, Table] = {"arcstats": ARC, "zil": main, "dmu_tx": TRANSACTIONS}
    if detail == "all":
        files = {"arcstats": ARC | ARC_ALL, "zil": main | more, "dmu_tx": TRANSACTIONS | TRANSACTIONS_ALL, **INNARDS}
    for name, table in files.items():
        write(samples, table, rows(place / name), {})
    for folder in sorted(entry for entry in place.iterdir() if entry.is_dir()):
        pool = {"pool": folder.name}
        guid = "".join(lines(folder / "guid")).strip()
        samples["zfs_pool_info", frozenset({**pool, "guid": guid}.items())] = 1
        if state := "".join(lines(folder / "state")).strip():
            samples.update(state_samples(folder.name, state))
        write(samples, IOSTATS, rows(folder / "iostats"), pool)
        if table := lines(folder / "io"):
            values = dict(zip(table[1].split(), map(float, table[2].split()), strict=True))
            for family, column, factor in [
                ("reads_total", "reads", 1), ("read_bytes_total", "nread", 1), ("writes_total", "writes", 1), ("written_bytes_total", "nwritten", 1),
                ("wait_time_seconds_total", "wtime", 1e-9), ("run_time_seconds_total", "rtime", 1e-9), ("waiting", "wcnt", 1), ("running", "rcnt", 1),
            ]:  # fmt: skip
                samples[f"zfs_pool_{family}", frozenset(pool.items())] = values[column] * factor
        if detail != "guest":
            main, more = intent_log("zfs_objset_zil")
            for file in folder.glob("objset-0x*"):
                values_of_file = rows(file)
                dataset = values_of_file["dataset_name"]
                volume = re.fullmatch(r".*/(?:vm|base|subvol|basevol)-([1-9][0-9]{2,8})-([^\s@/]+)", dataset)
                labels = {**pool, "dataset": dataset, "vmid": volume[1] if volume else "", "disk": volume[2] if volume else ""}
                write(samples, OBJSET | (main | more if detail == "all" else {}), values_of_file, labels)
    return samples


def state_samples(pool: str, state: str) -> Samples:
    samples: Samples = {("zfs_pool_health", frozenset({("pool", pool)})): float(STATES.index(state))}
    for word in STATES:
        samples["zfs_pool_state", frozenset({("pool", pool), ("state", word.lower())})] = float(word == state)
    return samples


# What zpool prints


def list_samples(text: str) -> Samples:
    samples: Samples = {}
    columns = ["name", "size", "allocated", "free", "checkpoint", "expand_size", "fragmentation", "deduplication", "health", "freeing", "leaked", "readonly"]
    for line in text.splitlines():
        values = dict(zip(columns, line.split("\t"), strict=True))
        labels = frozenset({("pool", values["name"])})
        for column in ("size", "allocated", "free", "checkpoint", "expand_size", "freeing", "leaked"):
            if values[column] != "-":
                samples[f"zfs_pool_{column}_bytes", labels] = float(values[column])
        if values["fragmentation"] != "-":
            samples["zfs_pool_fragmentation_ratio", labels] = float(values["fragmentation"]) / 100
        if values["deduplication"] != "-":
            samples["zfs_pool_deduplication_ratio", labels] = 1 / float(values["deduplication"])
        if values["readonly"] != "-":
            samples["zfs_pool_readonly", labels] = float(values["readonly"] == "on")
    return samples


class Devices:
    """Devices of a pool, each under a name of its own."""

    def __init__(self, samples: Samples, pool: str, detail: str) -> None:
        self.samples, self.pool, self.detail, self.names = samples, pool, detail, set[str]()

    def add(self, name: str, kind: str, role: str, parent: str, state: str, counts: Mapping[str, Any]) -> str:
        shown = name if name not in self.names else f"{parent or role}/{name}"
        self.names.add(shown)
        if self.detail == "guest":
            return shown
        labels = {"pool": self.pool, "vdev": shown}
        self.samples["zfs_vdev_info", frozenset({**labels, "type": kind, "role": role, "parent": parent}.items())] = 1
        state = {"HEALTHY": "ONLINE", "AVAIL": "ONLINE", "INUSE": "ONLINE"}.get(state, state)
        self.samples["zfs_vdev_online", frozenset(labels.items())] = float(state == "ONLINE")
        self.samples["zfs_vdev_health", frozenset(labels.items())] = float(STATES.index(state))
        for error in ("read", "write", "checksum"):
            if counts.get(error) is not None:
                self.samples["zfs_vdev_errors_total", frozenset({**labels, "kind": error}.items())] = float(counts[error])
        if counts.get("slow") is not None:
            self.samples["zfs_vdev_slow_ios_total", frozenset(labels.items())] = float(counts["slow"])
        return shown


def scan_samples(pool: str, scans: list[dict[str, Any]]) -> Samples:
    """`scans` have kind, state and what else is known; what is None is not."""
    samples: Samples = {}
    labels = frozenset({("pool", pool)})

    def put(family: str, value: Any) -> None:
        if value is not None:
            samples[f"zfs_pool_{family}", labels] = float(value)

    for kind in ("scrub", "resilver"):
        of_kind = [scan for scan in scans if scan["kind"] == kind]
        running = [scan for scan in of_kind if scan["state"] in ("running", "paused")]
        put(f"{kind}_running", any(scan["state"] == "running" for scan in running))
        if kind == "scrub":
            put("scrub_paused", any(scan["state"] == "paused" for scan in running))
        for scan in running:
            put(f"{kind}_progress_ratio", scan["progress"])
            put(f"{kind}_examined_bytes", scan["examined"])
            put(f"{kind}_to_examine_bytes", scan["to_examine"])
            put(f"{kind}_start_timestamp_seconds", scan["start"])
        for scan in of_kind:
            if scan["state"] == "finished":
                put(f"last_{kind}_timestamp_seconds", scan["end"])
                put(f"last_{kind}_duration_seconds", scan["duration"])
                put(f"{kind}_errors", scan["errors"])
                put("scrub_repaired_bytes" if kind == "scrub" else "resilver_resilvered_bytes", scan["repaired"])
    return samples


def json_samples(text: str, detail: str) -> Samples:
    samples: Samples = {}
    for name, pool in json.loads(text)["pools"].items():
        samples["zfs_pool_data_errors", frozenset({("pool", name)})] = float(pool["error_count"])
        scan = pool["scan_stats"]
        whole = scan["to_examine"] - scan["skipped"]
        word = {"SCANNING": "paused" if scan["scrub_pause"] else "running", "FINISHED": "finished"}[scan["state"]]
        samples |= scan_samples(name, [{
            "kind": scan["function"].lower(), "state": word, "progress": scan["issued"] / whole if whole else None, "examined": scan["examined"],
            "to_examine": whole, "start": scan["start_time"], "end": scan["end_time"], "duration": scan["end_time"] - scan["start_time"],
            "errors": scan["errors"], "repaired": scan["processed"]}])  # fmt: skip
        devices = Devices(samples, name, detail)

        def walk(tree: Mapping[str, Any], role: str, parent: str, devices: Devices = devices) -> None:
            for name, device in tree.items():
                if device["vdev_type"] != "hole":
                    counts = {"read": device.get("read_errors"), "write": device.get("write_errors"), "checksum": device.get("checksum_errors"), "slow": device.get("slow_ios")}
                    own_role = {"normal": role, "spare": role, "l2cache": "cache"}.get(device["class"], device["class"]) if role == "data" else role
                    devices.add(name, device["vdev_type"], own_role, parent, device["state"], counts)
                    walk(device.get("vdevs", {}), own_role, name)

        for key, role in (("vdevs", "data"), ("special", "special"), ("dedup", "dedup"), ("logs", "log"), ("l2cache", "cache"), ("spares", "spare")):
            walk(pool.get(key, {}), role, "")
    return samples


def human(text: str) -> float:
    unit = " KMGTPE".find(text[-1])
    return float(text[:-1]) * 1024**unit if unit > 0 else float(text.rstrip("B"))


def local(text: str) -> float:
    return time.mktime(time.strptime(" ".join(text.split()), "%a %b %d %H:%M:%S %Y"))


def seconds(text: str) -> float:
    match = re.fullmatch(r"(?:(\d+) days )?(\d+):(\d+):(\d+)", text)
    assert match, text
    days, hours, minutes, rest = (int(part or 0) for part in match.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest


DATE = r"(\w{3} \w{3} +\d+ [\d:]{8} \d{4})"


def text_scans(section: str) -> Iterator[dict[str, Any]]:
    for text in re.findall(r"^  scan: (.*(?:\n\t.*)*)", section, re.MULTILINE):
        blank: dict[str, Any] = dict.fromkeys(["progress", "examined", "to_examine", "start", "end", "duration", "errors", "repaired"])
        kind = "scrub" if text.startswith("scrub") else "resilver"
        if done := re.match(rf"(?:scrub repaired|resilvered)(?: \([^)]*\))? (\S+) in (.*) with (\d+) errors on {DATE}", text):
            yield blank | {"kind": kind, "state": "finished", "repaired": human(done[1]), "duration": seconds(done[2]), "errors": done[3], "end": local(done[4])}
        elif "in progress since" in text or "paused since" in text:
            start = re.search(rf"(?:in progress since|started on) {DATE}", text)
            amounts = re.search(r"\t(\S+)(?: / (\S+))? scanned", text)
            total = re.search(r"(\S+) total", text)
            progress = re.search(r"([\d.]+)% done", text)
            assert start and amounts and progress
            yield blank | {
                "kind": kind, "state": "paused" if "paused since" in text else "running", "start": local(start[1]), "examined": human(amounts[1]),
                "to_examine": human(amounts[2] or (total[1] if total else "")), "progress": float(progress[1]) / 100}  # fmt: skip
        else:
            assert "canceled on" in text or text.startswith("none requested"), text


def text_samples(text: str, detail: str) -> Samples:
    samples: Samples = {}
    for section in re.split(r"^(?=  pool: )", text, flags=re.MULTILINE)[1:]:
        name = section.splitlines()[0].removeprefix("  pool: ")
        labels = frozenset({("pool", name)})
        if found := re.search(r"^errors: (?:(No)|(\d+)) (?:known )?data errors", section, re.MULTILINE):
            samples["zfs_pool_data_errors", labels] = float(found[2] or 0)
        samples |= scan_samples(name, list(text_scans(section)))
        devices, role, above, has_slow = Devices(samples, name, detail), "data", list[tuple[int, str]](), False
        for line in section.partition("config:\n")[2].partition("\nerrors:")[0].splitlines():
            row = re.fullmatch(r"\t( *)(.+?) +(ONLINE|DEGRADED|FAULTED|OFFLINE|UNAVAIL|REMOVED|AVAIL|INUSE)\b *(.*)", line)
            if line.startswith("\tNAME "):
                has_slow = "SLOW" in line
            elif row:
                indent, device = len(row[1]), row[2]
                above = [entry for entry in above if entry[0] < indent]
                parent = above[-1][1] if above else ""
                counts = dict(zip(["read", "write", "checksum"] + ["slow"] * has_slow, (word for word in row[4].split() if re.fullmatch(r"\d+|-", word)), strict=False))
                group = re.fullmatch(r"(mirror|raidz|draid|spare|replacing).*-\d+", device)
                kind = "root" if indent == 0 else group[1] if group else "file" if device.startswith("/") and not device.startswith("/dev/") else "disk"
                devices.add(device, kind, role, parent, row[3], {key: value for key, value in counts.items() if value != "-"})
                above.append((indent, device))
            elif line.strip():
                role, above = {"logs": "log", "cache": "cache", "spares": "spare", "special": "special"}[line.strip()], []
    return samples
