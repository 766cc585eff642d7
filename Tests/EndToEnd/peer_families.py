"""Every family of bigtcze/pve-exporter (09ca3d5), with the native family of martlet that carries it and where that comes from."""

from __future__ import annotations

from typing import NamedTuple


class Carried(NamedTuple):
    """A family that another one carries."""

    theirs: str
    ours: str
    source: str
    """What the reference page's source begins its path with, up to the query."""


class NotEmitted(NamedTuple):
    """A family that /metrics does not have."""

    theirs: str
    reason: str


FAMILIES: tuple[Carried | NotEmitted, ...] = (
    # Node
    Carried("pve_node_up", "pve_node_up", "/cluster/status"),
    Carried("pve_node_uptime_seconds", "pve_node_uptime_seconds", "/cluster/resources"),
    Carried("pve_node_cpu_load", "pve_node_cpu_load", "/cluster/resources"),
    Carried("pve_node_cpus_total", "pve_node_cpus_total", "/cluster/resources"),
    Carried("pve_node_memory_total_bytes", "pve_node_memory_total_bytes", "/cluster/resources"),
    Carried("pve_node_memory_used_bytes", "pve_node_memory_used_bytes", "/cluster/resources"),
    Carried("pve_node_memory_free_bytes", "pve_node_memory_free_bytes", "/cluster/resources"),
    Carried("pve_node_load1", "pve_node_load1", "/nodes/N/status"),
    Carried("pve_node_load5", "pve_node_load5", "/nodes/N/status"),
    Carried("pve_node_load15", "pve_node_load15", "/nodes/N/status"),
    Carried("pve_node_iowait", "pve_node_iowait", "/nodes/N/status"),
    Carried("pve_node_idle", "pve_node_idle", "/nodes/N/status"),
    Carried("pve_node_cpu_mhz", "pve_node_cpu_mhz", "/nodes/N/status"),
    Carried("pve_node_cpu_cores", "pve_node_cpu_cores", "/nodes/N/status"),
    Carried("pve_node_cpu_sockets", "pve_node_cpu_sockets", "/nodes/N/status"),
    Carried("pve_node_rootfs_total_bytes", "pve_node_rootfs_total_bytes", "/nodes/N/status"),
    Carried("pve_node_rootfs_used_bytes", "pve_node_rootfs_used_bytes", "/nodes/N/status"),
    Carried("pve_node_rootfs_free_bytes", "pve_node_rootfs_free_bytes", "/nodes/N/status"),
    Carried("pve_node_ksm_shared_bytes", "pve_node_ksm_shared_bytes", "/nodes/N/status"),
    Carried("pve_node_swap_total_bytes", "pve_node_swap_total_bytes", "/nodes/N/status"),
    Carried("pve_node_swap_used_bytes", "pve_node_swap_used_bytes", "/nodes/N/status"),
    Carried("pve_node_swap_free_bytes", "pve_node_swap_free_bytes", "/nodes/N/status"),
    Carried("pve_node_vm_count", "pve_node_vm_count", "/nodes/N/qemu"),
    Carried("pve_node_lxc_count", "pve_node_lxc_count", "/nodes/N/lxc"),
    # Virtual machine
    Carried("pve_vm_status", "pve_vm_status", "/nodes/N/qemu"),
    Carried("pve_vm_uptime_seconds", "pve_vm_uptime_seconds", "/nodes/N/qemu"),
    Carried("pve_vm_cpu_usage", "pve_vm_cpu_usage", "/cluster/resources"),
    Carried("pve_vm_cpus", "pve_vm_cpus", "/nodes/N/qemu"),
    Carried("pve_vm_memory_used_bytes", "pve_vm_memory_used_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_memory_max_bytes", "pve_vm_memory_max_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_disk_max_bytes", "pve_vm_disk_max_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_network_in_bytes_total", "pve_vm_network_in_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_network_out_bytes_total", "pve_vm_network_out_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_disk_read_bytes_total", "pve_vm_disk_read_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_disk_write_bytes_total", "pve_vm_disk_write_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_memory_free_bytes", "pve_vm_memory_free_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_bytes", "pve_vm_balloon_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_ha_managed", "pve_vm_ha_managed", "/cluster/resources"),
    Carried("pve_vm_pid", "pve_vm_pid", "/nodes/N/qemu"),
    Carried("pve_vm_memory_host_bytes", "pve_vm_memory_host_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_pressure_cpu_full", "pve_vm_pressure_cpu_full", "/nodes/N/qemu"),
    Carried("pve_vm_pressure_cpu_some", "pve_vm_pressure_cpu_some", "/nodes/N/qemu"),
    Carried("pve_vm_pressure_io_full", "pve_vm_pressure_io_full", "/nodes/N/qemu"),
    Carried("pve_vm_pressure_io_some", "pve_vm_pressure_io_some", "/nodes/N/qemu"),
    Carried("pve_vm_pressure_memory_full", "pve_vm_pressure_memory_full", "/nodes/N/qemu"),
    Carried("pve_vm_pressure_memory_some", "pve_vm_pressure_memory_some", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_actual_bytes", "pve_vm_balloon_actual_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_max_bytes", "pve_vm_balloon_max_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_total_bytes", "pve_vm_balloon_total_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_major_page_faults_total", "pve_vm_balloon_major_page_faults_total", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_minor_page_faults_total", "pve_vm_balloon_minor_page_faults_total", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_mem_swapped_in_bytes", "pve_vm_balloon_mem_swapped_in_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_balloon_mem_swapped_out_bytes", "pve_vm_balloon_mem_swapped_out_bytes", "/nodes/N/qemu"),
    Carried("pve_vm_block_read_bytes_total", "pve_vm_block_read_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_block_write_bytes_total", "pve_vm_block_write_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_block_read_ops_total", "pve_vm_block_read_ops_total", "/nodes/N/qemu"),
    Carried("pve_vm_block_write_ops_total", "pve_vm_block_write_ops_total", "/nodes/N/qemu"),
    Carried("pve_vm_block_failed_read_ops_total", "pve_vm_block_failed_read_ops_total", "/nodes/N/qemu"),
    Carried("pve_vm_block_failed_write_ops_total", "pve_vm_block_failed_write_ops_total", "/nodes/N/qemu"),
    Carried("pve_vm_block_flush_ops_total", "pve_vm_block_flush_ops_total", "/nodes/N/qemu"),
    Carried("pve_vm_nic_in_bytes_total", "pve_vm_nic_in_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_nic_out_bytes_total", "pve_vm_nic_out_bytes_total", "/nodes/N/qemu"),
    Carried("pve_vm_last_backup_timestamp", "pve_vm_last_backup_timestamp", "/nodes/N/tasks"),
    # Container
    Carried("pve_lxc_status", "pve_lxc_status", "/nodes/N/lxc"),
    Carried("pve_lxc_uptime_seconds", "pve_lxc_uptime_seconds", "/nodes/N/lxc"),
    Carried("pve_lxc_cpu_usage", "pve_lxc_cpu_usage", "/cluster/resources"),
    Carried("pve_lxc_cpus", "pve_lxc_cpus", "/nodes/N/lxc"),
    Carried("pve_lxc_memory_used_bytes", "pve_lxc_memory_used_bytes", "/nodes/N/lxc"),
    Carried("pve_lxc_memory_max_bytes", "pve_lxc_memory_max_bytes", "/nodes/N/lxc"),
    Carried("pve_lxc_disk_used_bytes", "pve_lxc_disk_used_bytes", "/nodes/N/lxc"),
    Carried("pve_lxc_disk_max_bytes", "pve_lxc_disk_max_bytes", "/nodes/N/lxc"),
    Carried("pve_lxc_network_in_bytes_total", "pve_lxc_network_in_bytes_total", "/nodes/N/lxc"),
    Carried("pve_lxc_network_out_bytes_total", "pve_lxc_network_out_bytes_total", "/nodes/N/lxc"),
    Carried("pve_lxc_disk_read_bytes_total", "pve_lxc_disk_read_bytes_total", "/nodes/N/lxc"),
    Carried("pve_lxc_disk_write_bytes_total", "pve_lxc_disk_write_bytes_total", "/nodes/N/lxc"),
    Carried("pve_lxc_swap_used_bytes", "pve_lxc_swap_used_bytes", "/nodes/N/lxc"),
    Carried("pve_lxc_swap_max_bytes", "pve_lxc_swap_max_bytes", "/nodes/N/lxc"),
    Carried("pve_lxc_ha_managed", "pve_lxc_ha_managed", "/cluster/resources"),
    Carried("pve_lxc_pid", "pve_lxc_pid", "/nodes/N/lxc"),
    Carried("pve_lxc_pressure_cpu_full", "pve_lxc_pressure_cpu_full", "/nodes/N/lxc"),
    Carried("pve_lxc_pressure_cpu_some", "pve_lxc_pressure_cpu_some", "/nodes/N/lxc"),
    Carried("pve_lxc_pressure_io_full", "pve_lxc_pressure_io_full", "/nodes/N/lxc"),
    Carried("pve_lxc_pressure_io_some", "pve_lxc_pressure_io_some", "/nodes/N/lxc"),
    Carried("pve_lxc_pressure_memory_full", "pve_lxc_pressure_memory_full", "/nodes/N/lxc"),
    Carried("pve_lxc_pressure_memory_some", "pve_lxc_pressure_memory_some", "/nodes/N/lxc"),
    Carried("pve_lxc_last_backup_timestamp", "pve_lxc_last_backup_timestamp", "/nodes/N/tasks"),
    # Storage
    Carried("pve_storage_total_bytes", "pve_storage_total_bytes", "/cluster/resources"),
    Carried("pve_storage_used_bytes", "pve_storage_used_bytes", "/cluster/resources"),
    Carried("pve_storage_available_bytes", "pve_storage_available_bytes", "/nodes/N/storage"),
    Carried("pve_storage_active", "pve_storage_active", "/cluster/resources"),
    Carried("pve_storage_enabled", "pve_storage_enabled", "/nodes/N/storage"),
    NotEmitted("pve_storage_shared", "the label shared of pve_storage_info; the name is another family on /pve"),
    Carried("pve_storage_used_fraction", "pve_storage_used_fraction", "/cluster/resources"),
    # ZFS pool
    Carried("pve_zfs_pool_health_status", "pve_zfs_pool_health_status", "/nodes/N/disks/zfs"),
    Carried("pve_zfs_pool_size_bytes", "pve_zfs_pool_size_bytes", "/nodes/N/disks/zfs"),
    Carried("pve_zfs_pool_alloc_bytes", "pve_zfs_pool_alloc_bytes", "/nodes/N/disks/zfs"),
    Carried("pve_zfs_pool_free_bytes", "pve_zfs_pool_free_bytes", "/nodes/N/disks/zfs"),
    Carried("pve_zfs_pool_frag_percent", "pve_zfs_pool_frag_percent", "/nodes/N/disks/zfs"),
    # ZFS cache
    Carried("pve_zfs_arc_size_bytes", "pve_zfs_arc_size_bytes", "/nodes/N/rrddata"),
    NotEmitted("pve_zfs_arc_min_size_bytes", "of the host: zfs_arc_min_size_bytes, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_max_size_bytes", "of the host: zfs_arc_max_size_bytes, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_target_size_bytes", "of the host: zfs_arc_target_size_bytes, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_hit_ratio_percent", "of the host: zfs_arc_hits_total, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_l2_size_bytes", "of the host: zfs_l2arc_size_bytes, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_l2_header_size_bytes", "of the host: zfs_l2arc_header_size_bytes, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_hits_total", "of the host: zfs_arc_hits_total, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_misses_total", "of the host: zfs_arc_misses_total, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_l2_hits_total", "of the host: zfs_l2arc_hits_total, of an exporter on the node itself"),
    NotEmitted("pve_zfs_arc_l2_misses_total", "of the host: zfs_l2arc_misses_total, of an exporter on the node itself"),
    # Sensors
    NotEmitted("pve_sensor_temperature_celsius", "of the host: node_exporter's node_hwmon_temp_celsius"),
    NotEmitted("pve_sensor_fan_rpm", "of the host: node_exporter's node_hwmon_fan_rpm"),
    NotEmitted("pve_sensor_voltage_volts", "of the host: node_exporter's node_hwmon_in_volts"),
    NotEmitted("pve_sensor_power_watts", "of the host: node_exporter's node_hwmon_power_watt"),
    # SMART
    Carried("pve_disk_temperature_celsius", "pve_disk_temperature_celsius", "/nodes/N/disks/smart"),
    Carried("pve_disk_power_on_hours", "pve_disk_power_on_hours", "/nodes/N/disks/smart"),
    Carried("pve_disk_health_status", "pve_disk_health_status", "/nodes/N/disks/list"),
    Carried("pve_disk_data_written_bytes", "pve_disk_data_written_bytes", "/nodes/N/disks/smart"),
    Carried("pve_disk_available_spare_percent", "pve_disk_available_spare_percent", "/nodes/N/disks/smart"),
    Carried("pve_disk_percentage_used", "pve_disk_percentage_used", "/nodes/N/disks/smart"),
    # Disks of the host
    NotEmitted("pve_disk_read_bytes_total", "of the host: node_exporter's node_disk_read_bytes_total; the name is another family on /pve"),
    NotEmitted("pve_disk_write_bytes_total", "of the host: node_exporter's node_disk_written_bytes_total"),
    NotEmitted("pve_disk_reads_completed_total", "of the host: node_exporter's node_disk_reads_completed_total"),
    NotEmitted("pve_disk_writes_completed_total", "of the host: node_exporter's node_disk_writes_completed_total"),
    NotEmitted("pve_disk_io_time_seconds_total", "of the host: node_exporter's node_disk_io_time_seconds_total"),
    # Cluster
    Carried("pve_cluster_quorate", "pve_cluster_quorate", "/cluster/status"),
    Carried("pve_cluster_nodes_total", "pve_cluster_nodes_total", "/cluster/status"),
    Carried("pve_cluster_nodes_online", "pve_cluster_nodes_online", "/cluster/status"),
    Carried("pve_ha_resources_total", "pve_ha_resources_total", "/cluster/ha/status/current"),
    Carried("pve_ha_resources_active", "pve_ha_resources_active", "/cluster/ha/status/current"),
    # Replication
    Carried("pve_replication_last_sync_timestamp", "pve_replication_last_sync_timestamp", "/nodes/N/replication"),
    Carried("pve_replication_duration_seconds", "pve_replication_last_duration_seconds", "/nodes/N/replication"),
    Carried("pve_replication_status", "pve_replication_status", "/nodes/N/replication"),
    # Certificate
    Carried("pve_certificate_expiry_seconds", "pve_certificate_expiry_seconds", "/nodes/N/certificates/info"),
    # The exporter itself
    Carried("pve_exporter_up", "martlet_scrape_part_success", "martlet"),
    Carried("pve_exporter_build_info", "martlet_build_info", "martlet"),
    Carried("pve_exporter_scrape_duration_seconds", "martlet_scrape_collector_duration_seconds", "martlet"),
)
