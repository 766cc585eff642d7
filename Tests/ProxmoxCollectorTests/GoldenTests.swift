import CollectorConformance
import Metrics
import ProxmoxCollector
import Testing

@Suite struct GoldenTests {
    /// Every family, each with its value from its field. To renew: take the lines from the failing test, and read the difference.
    private static let golden = #"""
        pve_version_info{C,version="9.2.11",release="9.2",repoid="14a22df3"} 1
        pve_missing_privilege_info{C,privilege="Sys.Audit",path="/"} 1
        pve_missing_privilege_info{C,privilege="Sys.Audit",path="/nodes"} 1
        pve_missing_privilege_info{C,privilege="Datastore.Audit",path="/storage"} 1
        pve_missing_privilege_info{C,privilege="Pool.Audit",path="/pool"} 1
        pve_missing_privilege_info{C,privilege="Mapping.Audit",path="/mapping"} 1
        pve_missing_privilege_info{C,privilege="VM.GuestAgent.Audit",path="/vms"} 1
        pve_cluster_quorate{C} 1
        pve_cluster_nodes_total{C} 1
        pve_cluster_nodes_online{C} 1
        pve_node_up{N} 1
        pve_node_statistics_stale{N} 0
        pve_node_uptime_seconds{N} 115
        pve_node_cpu_load{N} 0.11
        pve_node_cpus_total{N} 112
        pve_node_memory_total_bytes{N} 1014
        pve_node_memory_used_bytes{N} 113
        pve_node_memory_free_bytes{N} 901
        pve_node_load1{N} 1.1
        pve_node_load5{N} 5.5
        pve_node_load15{N} 15.15
        pve_node_iowait{N} 0.01
        pve_node_idle{N} 0.88
        pve_node_memory_available_bytes{N} 110
        pve_node_info{N,version="pve-manager/9.2.11/14a22df3",kernel="6.17",cpu_model="chip",boot_mode="efi"} 1
        pve_node_cpu_mhz{N} 2596.14
        pve_node_cpu_cores{N} 101
        pve_node_cpu_sockets{N} 102
        pve_node_rootfs_total_bytes{N} 103
        pve_node_rootfs_used_bytes{N} 104
        pve_node_rootfs_free_bytes{N} 105
        pve_node_ksm_shared_bytes{N} 106
        pve_node_swap_total_bytes{N} 107
        pve_node_swap_used_bytes{N} 108
        pve_node_swap_free_bytes{N} 109
        pve_node_vm_count{N} 1
        pve_node_lxc_count{N} 1
        pve_storage_active{N,storage="local",type="dir"} 1
        pve_storage_total_bytes{N,storage="local",type="dir"} 120
        pve_storage_used_bytes{N,storage="local",type="dir"} 30
        pve_storage_info{N,storage="local",type="dir",content="backup,iso",shared="0"} 1
        pve_storage_used_fraction{N,storage="local",type="dir"} 0.25
        pve_guest_info{VM,template="0",tags="a;b",pool="prod"} 1
        pve_guest_info{CT,template="0",tags="mon-cpu-98;mon-mem-off",pool=""} 1
        pve_guest_threshold_ratio{C,vmid="200",metric="cpu"} 0.98
        pve_guest_alerts_muted{C,vmid="200",metric="mem"} 1
        pve_vm_status{VM} 1
        pve_vm_uptime_seconds{VM} 201
        pve_vm_cpu_usage{VM} 0.21
        pve_vm_cpus{VM} 202
        pve_vm_memory_used_bytes{VM} 203
        pve_vm_memory_max_bytes{VM} 204
        pve_vm_memory_free_bytes{VM} 206
        pve_vm_memory_host_bytes{VM} 209
        pve_vm_disk_max_bytes{VM} 205
        pve_vm_pid{VM} 208
        pve_vm_network_in_bytes_total{VM} 210
        pve_vm_network_out_bytes_total{VM} 211
        pve_vm_disk_read_bytes_total{VM} 212
        pve_vm_disk_write_bytes_total{VM} 213
        pve_vm_balloon_bytes{VM} 207
        pve_vm_balloon_actual_bytes{VM} 214
        pve_vm_balloon_max_bytes{VM} 215
        pve_vm_balloon_total_bytes{VM} 216
        pve_vm_balloon_mem_swapped_in_bytes{VM} 217
        pve_vm_balloon_mem_swapped_out_bytes{VM} 218
        pve_vm_balloon_major_page_faults_total{VM} 219
        pve_vm_balloon_minor_page_faults_total{VM} 220
        pve_vm_pressure_cpu_some{VM} 1
        pve_vm_pressure_cpu_some_ratio{VM} 0.01
        pve_vm_pressure_cpu_full{VM} 2
        pve_vm_pressure_cpu_full_ratio{VM} 0.02
        pve_vm_pressure_io_some{VM} 3
        pve_vm_pressure_io_some_ratio{VM} 0.03
        pve_vm_pressure_io_full{VM} 4
        pve_vm_pressure_io_full_ratio{VM} 0.04
        pve_vm_pressure_memory_some{VM} 5
        pve_vm_pressure_memory_some_ratio{VM} 0.05
        pve_vm_pressure_memory_full{VM} 6
        pve_vm_pressure_memory_full_ratio{VM} 0.06
        pve_vm_block_read_bytes_total{VM,device="scsi0"} 301
        pve_vm_block_write_bytes_total{VM,device="scsi0"} 302
        pve_vm_block_read_ops_total{VM,device="scsi0"} 303
        pve_vm_block_write_ops_total{VM,device="scsi0"} 304
        pve_vm_block_flush_ops_total{VM,device="scsi0"} 305
        pve_vm_block_unmap_ops_total{VM,device="scsi0"} 306
        pve_vm_block_failed_read_ops_total{VM,device="scsi0"} 307
        pve_vm_block_failed_write_ops_total{VM,device="scsi0"} 308
        pve_vm_block_read_time_seconds_total{VM,device="scsi0"} 309
        pve_vm_block_write_time_seconds_total{VM,device="scsi0"} 310
        pve_vm_block_flush_time_seconds_total{VM,device="scsi0"} 311
        pve_vm_block_unmap_time_seconds_total{VM,device="scsi0"} 312
        pve_vm_nic_in_bytes_total{VM,interface="tap100i0"} 221
        pve_vm_nic_out_bytes_total{VM,interface="tap100i0"} 222
        pve_lxc_status{CT} 1
        pve_lxc_uptime_seconds{CT} 401
        pve_lxc_cpu_usage{CT} 0.41
        pve_lxc_cpus{CT} 402
        pve_lxc_memory_used_bytes{CT} 403
        pve_lxc_memory_max_bytes{CT} 404
        pve_lxc_swap_used_bytes{CT} 407
        pve_lxc_swap_max_bytes{CT} 408
        pve_lxc_disk_used_bytes{CT} 405
        pve_lxc_disk_max_bytes{CT} 406
        pve_lxc_pid{CT} 409
        pve_lxc_network_in_bytes_total{CT} 410
        pve_lxc_network_out_bytes_total{CT} 411
        pve_lxc_disk_read_bytes_total{CT} 412
        pve_lxc_disk_write_bytes_total{CT} 413
        pve_lxc_pressure_cpu_some{CT} 1
        pve_lxc_pressure_cpu_some_ratio{CT} 0.01
        pve_lxc_pressure_cpu_full{CT} 2
        pve_lxc_pressure_cpu_full_ratio{CT} 0.02
        pve_lxc_pressure_io_some{CT} 3
        pve_lxc_pressure_io_some_ratio{CT} 0.03
        pve_lxc_pressure_io_full{CT} 4
        pve_lxc_pressure_io_full_ratio{CT} 0.04
        pve_lxc_pressure_memory_some{CT} 5
        pve_lxc_pressure_memory_some_ratio{CT} 0.05
        pve_lxc_pressure_memory_full{CT} 6
        pve_lxc_pressure_memory_full_ratio{CT} 0.06
        pve_vm_ha_managed{VM} 1
        pve_lxc_ha_managed{CT} 0
        pve_guest_lock_info{VM,lock="backup"} 1
        """#

    @Test func `every field is in its family`() async throws {
        try await FakeProxmox.serve(WholeLab.table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()))
            #expect(trial.problems == [])
            #expect(Self.lines(trial) == Self.golden + "\n")
        }
    }

    @Test func `without disks and cards nothing else is gone`() async throws {
        try await FakeProxmox.serve(WholeLab.table) { fake in
            let trial = try await scrape(ProxmoxCollector(try fake.settings()), detail: .guest)
            let golden = Self.golden.split(separator: "\n").filter { !$0.contains("device=") && !$0.contains("interface=") }
            #expect(Self.lines(trial) == golden.joined(separator: "\n") + "\n")
        }
    }

    private static func lines(_ trial: Trial) -> String {
        var lines = ""
        for line in trial.text.split(separator: "\n") where !line.hasPrefix("#") { lines += line + "\n" }
        for (short, labels) in abbreviations {
            lines = lines.split(separator: labels, omittingEmptySubsequences: false).joined(separator: short)
        }
        return lines
    }

    private static let abbreviations = [
        ("VM", #"cluster="lab",node="pve1",vmid="100",name="web",type="qemu""#),
        ("CT", #"cluster="lab",node="pve1",vmid="200",name="ct",type="lxc""#),
        ("N", #"cluster="lab",node="pve1""#), ("C", #"cluster="lab""#),
    ]
}
