// What is called of libvirt, a line each: what it returns, what stands for "failed", our door, the library's symbol, parameters, arguments.
//
// CALL for what returns something, VOID for what does not. The table of pointers, the doors and what they do are made from it.
#pragma once

// clang-format off
#define MLT_VIRT_CALLS(CALL, VOID) \
    /* The library */ \
    CALL(int, -1, mlt_virt_initialize, virInitialize, (), ()) \
    CALL(int, -1, mlt_virt_get_version, virGetVersion, (unsigned long *libVer, const char *type, unsigned long *typeVer), (libVer, type, typeVer)) \
    VOID(mlt_virt_typed_params_free, virTypedParamsFree, (virTypedParameterPtr params, int nparams), (params, nparams)) \
    /* Connections */ \
    CALL(virConnectPtr, NULL, mlt_virt_connect_open_read_only, virConnectOpenReadOnly, (const char *name), (name)) \
    CALL(virConnectPtr, NULL, mlt_virt_connect_open_auth, virConnectOpenAuth, (const char *name, virConnectAuthPtr auth, unsigned int flags), (name, auth, flags)) \
    CALL(int, -1, mlt_virt_connect_close, virConnectClose, (virConnectPtr conn), (conn)) \
    CALL(int, -1, mlt_virt_connect_is_alive, virConnectIsAlive, (virConnectPtr conn), (conn)) \
    CALL(int, -1, mlt_virt_connect_set_keep_alive, virConnectSetKeepAlive, (virConnectPtr conn, int interval, unsigned int count), (conn, interval, count)) \
    CALL(int, -1, mlt_virt_connect_is_encrypted, virConnectIsEncrypted, (virConnectPtr conn), (conn)) \
    CALL(int, -1, mlt_virt_connect_is_secure, virConnectIsSecure, (virConnectPtr conn), (conn)) \
    CALL(char *, NULL, mlt_virt_connect_get_uri, virConnectGetURI, (virConnectPtr conn), (conn)) \
    CALL(const char *, NULL, mlt_virt_connect_get_type, virConnectGetType, (virConnectPtr conn), (conn)) \
    CALL(int, -1, mlt_virt_connect_get_version, virConnectGetVersion, (virConnectPtr conn, unsigned long *hvVer), (conn, hvVer)) \
    CALL(int, -1, mlt_virt_connect_get_lib_version, virConnectGetLibVersion, (virConnectPtr conn, unsigned long *libVer), (conn, libVer)) \
    CALL(char *, NULL, mlt_virt_connect_get_hostname, virConnectGetHostname, (virConnectPtr conn), (conn)) \
    CALL(char *, NULL, mlt_virt_connect_get_capabilities, virConnectGetCapabilities, (virConnectPtr conn), (conn)) \
    CALL(char *, NULL, mlt_virt_connect_get_domain_capabilities, virConnectGetDomainCapabilities, (virConnectPtr conn, const char *emulatorbin, const char *arch, const char *machine, const char *virttype, unsigned int flags), (conn, emulatorbin, arch, machine, virttype, flags)) \
    CALL(int, -1, mlt_virt_node_get_info, virNodeGetInfo, (virConnectPtr conn, virNodeInfoPtr info), (conn, info)) \
    CALL(int, -1, mlt_virt_node_get_cpu_stats, virNodeGetCPUStats, (virConnectPtr conn, int cpuNum, virNodeCPUStatsPtr params, int *nparams, unsigned int flags), (conn, cpuNum, params, nparams, flags)) \
    CALL(int, -1, mlt_virt_node_get_memory_stats, virNodeGetMemoryStats, (virConnectPtr conn, int cellNum, virNodeMemoryStatsPtr params, int *nparams, unsigned int flags), (conn, cellNum, params, nparams, flags)) \
    CALL(unsigned long long, 0, mlt_virt_node_get_free_memory, virNodeGetFreeMemory, (virConnectPtr conn), (conn)) \
    /* Events */ \
    CALL(int, -1, mlt_virt_event_register_default_impl, virEventRegisterDefaultImpl, (), ()) \
    CALL(int, -1, mlt_virt_event_run_default_impl, virEventRunDefaultImpl, (), ()) \
    CALL(int, -1, mlt_virt_connect_domain_event_register_any, virConnectDomainEventRegisterAny, (virConnectPtr conn, virDomainPtr dom, int eventID, virConnectDomainEventGenericCallback cb, void *opaque, virFreeCallback freecb), (conn, dom, eventID, cb, opaque, freecb)) \
    CALL(int, -1, mlt_virt_connect_domain_event_deregister_any, virConnectDomainEventDeregisterAny, (virConnectPtr conn, int callbackID), (conn, callbackID)) \
    CALL(int, -1, mlt_virt_connect_register_close_callback, virConnectRegisterCloseCallback, (virConnectPtr conn, virConnectCloseFunc cb, void *opaque, virFreeCallback freecb), (conn, cb, opaque, freecb)) \
    CALL(int, -1, mlt_virt_connect_unregister_close_callback, virConnectUnregisterCloseCallback, (virConnectPtr conn, virConnectCloseFunc cb), (conn, cb)) \
    /* Domains: finding and reading */ \
    CALL(int, -1, mlt_virt_connect_list_all_domains, virConnectListAllDomains, (virConnectPtr conn, virDomainPtr **domains, unsigned int flags), (conn, domains, flags)) \
    CALL(int, -1, mlt_virt_connect_get_all_domain_stats, virConnectGetAllDomainStats, (virConnectPtr conn, unsigned int stats, virDomainStatsRecordPtr **retStats, unsigned int flags), (conn, stats, retStats, flags)) \
    CALL(int, -1, mlt_virt_domain_list_get_stats, virDomainListGetStats, (virDomainPtr *doms, unsigned int stats, virDomainStatsRecordPtr **retStats, unsigned int flags), (doms, stats, retStats, flags)) \
    VOID(mlt_virt_domain_stats_record_list_free, virDomainStatsRecordListFree, (virDomainStatsRecordPtr *stats), (stats)) \
    CALL(virDomainPtr, NULL, mlt_virt_domain_lookup_by_name, virDomainLookupByName, (virConnectPtr conn, const char *name), (conn, name)) \
    CALL(virDomainPtr, NULL, mlt_virt_domain_lookup_by_uuid_string, virDomainLookupByUUIDString, (virConnectPtr conn, const char *uuid), (conn, uuid)) \
    CALL(int, -1, mlt_virt_domain_ref, virDomainRef, (virDomainPtr domain), (domain)) \
    CALL(int, -1, mlt_virt_domain_free, virDomainFree, (virDomainPtr domain), (domain)) \
    CALL(const char *, NULL, mlt_virt_domain_get_name, virDomainGetName, (virDomainPtr domain), (domain)) \
    CALL(int, -1, mlt_virt_domain_get_uuid_string, virDomainGetUUIDString, (virDomainPtr domain, char *buf), (domain, buf)) \
    CALL(unsigned int, 0, mlt_virt_domain_get_id, virDomainGetID, (virDomainPtr domain), (domain)) \
    CALL(int, -1, mlt_virt_domain_get_info, virDomainGetInfo, (virDomainPtr domain, virDomainInfoPtr info), (domain, info)) \
    CALL(int, -1, mlt_virt_domain_get_state, virDomainGetState, (virDomainPtr domain, int *state, int *reason, unsigned int flags), (domain, state, reason, flags)) \
    CALL(int, -1, mlt_virt_domain_get_control_info, virDomainGetControlInfo, (virDomainPtr domain, virDomainControlInfoPtr info, unsigned int flags), (domain, info, flags)) \
    CALL(char *, NULL, mlt_virt_domain_get_xml_desc, virDomainGetXMLDesc, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_is_active, virDomainIsActive, (virDomainPtr dom), (dom)) \
    CALL(int, -1, mlt_virt_domain_is_persistent, virDomainIsPersistent, (virDomainPtr dom), (dom)) \
    CALL(int, -1, mlt_virt_domain_get_autostart, virDomainGetAutostart, (virDomainPtr domain, int *autostart), (domain, autostart)) \
    CALL(int, -1, mlt_virt_domain_set_autostart, virDomainSetAutostart, (virDomainPtr domain, int autostart), (domain, autostart)) \
    CALL(char *, NULL, mlt_virt_domain_get_metadata, virDomainGetMetadata, (virDomainPtr domain, int type, const char *uri, unsigned int flags), (domain, type, uri, flags)) \
    CALL(int, -1, mlt_virt_domain_set_metadata, virDomainSetMetadata, (virDomainPtr domain, int type, const char *metadata, const char *key, const char *uri, unsigned int flags), (domain, type, metadata, key, uri, flags)) \
    CALL(int, -1, mlt_virt_domain_has_managed_save_image, virDomainHasManagedSaveImage, (virDomainPtr dom, unsigned int flags), (dom, flags)) \
    CALL(int, -1, mlt_virt_domain_managed_save_remove, virDomainManagedSaveRemove, (virDomainPtr dom, unsigned int flags), (dom, flags)) \
    /* Domains: life */ \
    CALL(virDomainPtr, NULL, mlt_virt_domain_define_xml_flags, virDomainDefineXMLFlags, (virConnectPtr conn, const char *xml, unsigned int flags), (conn, xml, flags)) \
    CALL(int, -1, mlt_virt_domain_create_with_flags, virDomainCreateWithFlags, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_shutdown_flags, virDomainShutdownFlags, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_reboot, virDomainReboot, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_reset, virDomainReset, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_destroy_flags, virDomainDestroyFlags, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_undefine_flags, virDomainUndefineFlags, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_suspend, virDomainSuspend, (virDomainPtr domain), (domain)) \
    CALL(int, -1, mlt_virt_domain_resume, virDomainResume, (virDomainPtr domain), (domain)) \
    CALL(int, -1, mlt_virt_domain_rename, virDomainRename, (virDomainPtr dom, const char *new_name, unsigned int flags), (dom, new_name, flags)) \
    CALL(int, -1, mlt_virt_domain_set_vcpus_flags, virDomainSetVcpusFlags, (virDomainPtr domain, unsigned int nvcpus, unsigned int flags), (domain, nvcpus, flags)) \
    CALL(int, -1, mlt_virt_domain_get_vcpus_flags, virDomainGetVcpusFlags, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_set_memory_flags, virDomainSetMemoryFlags, (virDomainPtr domain, unsigned long memory, unsigned int flags), (domain, memory, flags)) \
    CALL(int, -1, mlt_virt_domain_set_memory_stats_period, virDomainSetMemoryStatsPeriod, (virDomainPtr domain, int period, unsigned int flags), (domain, period, flags)) \
    CALL(int, -1, mlt_virt_domain_attach_device_flags, virDomainAttachDeviceFlags, (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags)) \
    CALL(int, -1, mlt_virt_domain_detach_device_flags, virDomainDetachDeviceFlags, (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags)) \
    CALL(int, -1, mlt_virt_domain_update_device_flags, virDomainUpdateDeviceFlags, (virDomainPtr domain, const char *xml, unsigned int flags), (domain, xml, flags)) \
    /* Domains: figures */ \
    CALL(int, -1, mlt_virt_domain_memory_stats, virDomainMemoryStats, (virDomainPtr dom, virDomainMemoryStatPtr stats, unsigned int nr_stats, unsigned int flags), (dom, stats, nr_stats, flags)) \
    CALL(int, -1, mlt_virt_domain_get_vcpus, virDomainGetVcpus, (virDomainPtr domain, virVcpuInfoPtr info, int maxinfo, unsigned char *cpumaps, int maplen), (domain, info, maxinfo, cpumaps, maplen)) \
    CALL(int, -1, mlt_virt_domain_block_stats_flags, virDomainBlockStatsFlags, (virDomainPtr dom, const char *disk, virTypedParameterPtr params, int *nparams, unsigned int flags), (dom, disk, params, nparams, flags)) \
    CALL(int, -1, mlt_virt_domain_interface_stats, virDomainInterfaceStats, (virDomainPtr dom, const char *device, virDomainInterfaceStatsPtr stats, size_t size), (dom, device, stats, size)) \
    CALL(int, -1, mlt_virt_domain_get_block_info, virDomainGetBlockInfo, (virDomainPtr dom, const char *disk, virDomainBlockInfoPtr info, unsigned int flags), (dom, disk, info, flags)) \
    CALL(int, -1, mlt_virt_domain_get_disk_errors, virDomainGetDiskErrors, (virDomainPtr dom, virDomainDiskErrorPtr errors, unsigned int maxerrors, unsigned int flags), (dom, errors, maxerrors, flags)) \
    CALL(int, -1, mlt_virt_domain_get_job_info, virDomainGetJobInfo, (virDomainPtr dom, virDomainJobInfoPtr info), (dom, info)) \
    CALL(int, -1, mlt_virt_domain_get_job_stats, virDomainGetJobStats, (virDomainPtr domain, int *type, virTypedParameterPtr *params, int *nparams, unsigned int flags), (domain, type, params, nparams, flags)) \
    CALL(int, -1, mlt_virt_domain_abort_job, virDomainAbortJob, (virDomainPtr dom), (dom)) \
    /* Domains: disks at work */ \
    CALL(int, -1, mlt_virt_domain_block_resize, virDomainBlockResize, (virDomainPtr dom, const char *disk, unsigned long long size, unsigned int flags), (dom, disk, size, flags)) \
    CALL(int, -1, mlt_virt_domain_block_copy, virDomainBlockCopy, (virDomainPtr dom, const char *disk, const char *destxml, virTypedParameterPtr params, int nparams, unsigned int flags), (dom, disk, destxml, params, nparams, flags)) \
    CALL(int, -1, mlt_virt_domain_block_pull, virDomainBlockPull, (virDomainPtr dom, const char *disk, unsigned long bandwidth, unsigned int flags), (dom, disk, bandwidth, flags)) \
    CALL(int, -1, mlt_virt_domain_block_commit, virDomainBlockCommit, (virDomainPtr dom, const char *disk, const char *base, const char *top, unsigned long bandwidth, unsigned int flags), (dom, disk, base, top, bandwidth, flags)) \
    CALL(int, -1, mlt_virt_domain_block_rebase, virDomainBlockRebase, (virDomainPtr dom, const char *disk, const char *base, unsigned long bandwidth, unsigned int flags), (dom, disk, base, bandwidth, flags)) \
    CALL(int, -1, mlt_virt_domain_get_block_job_info, virDomainGetBlockJobInfo, (virDomainPtr dom, const char *disk, virDomainBlockJobInfoPtr info, unsigned int flags), (dom, disk, info, flags)) \
    CALL(int, -1, mlt_virt_domain_block_job_abort, virDomainBlockJobAbort, (virDomainPtr dom, const char *disk, unsigned int flags), (dom, disk, flags)) \
    CALL(int, -1, mlt_virt_domain_block_job_set_speed, virDomainBlockJobSetSpeed, (virDomainPtr dom, const char *disk, unsigned long bandwidth, unsigned int flags), (dom, disk, bandwidth, flags)) \
    /* Domains: the guest */ \
    CALL(int, -1, mlt_virt_domain_interface_addresses, virDomainInterfaceAddresses, (virDomainPtr dom, virDomainInterfacePtr **ifaces, unsigned int source, unsigned int flags), (dom, ifaces, source, flags)) \
    CALL(int, -1, mlt_virt_domain_agent_set_response_timeout, virDomainAgentSetResponseTimeout, (virDomainPtr domain, int timeout, unsigned int flags), (domain, timeout, flags)) \
    VOID(mlt_virt_domain_interface_free, virDomainInterfaceFree, (virDomainInterfacePtr iface), (iface)) \
    CALL(int, -1, mlt_virt_domain_get_guest_info, virDomainGetGuestInfo, (virDomainPtr domain, unsigned int types, virTypedParameterPtr *params, int *nparams, unsigned int flags), (domain, types, params, nparams, flags)) \
    CALL(char *, NULL, mlt_virt_domain_get_hostname, virDomainGetHostname, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_get_time, virDomainGetTime, (virDomainPtr dom, long long *seconds, unsigned int *nseconds, unsigned int flags), (dom, seconds, nseconds, flags)) \
    CALL(int, -1, mlt_virt_domain_fs_freeze, virDomainFSFreeze, (virDomainPtr dom, const char **mountpoints, unsigned int nmountpoints, unsigned int flags), (dom, mountpoints, nmountpoints, flags)) \
    CALL(int, -1, mlt_virt_domain_fs_thaw, virDomainFSThaw, (virDomainPtr dom, const char **mountpoints, unsigned int nmountpoints, unsigned int flags), (dom, mountpoints, nmountpoints, flags)) \
    /* Snapshots */ \
    CALL(virDomainSnapshotPtr, NULL, mlt_virt_domain_snapshot_create_xml, virDomainSnapshotCreateXML, (virDomainPtr domain, const char *xmlDesc, unsigned int flags), (domain, xmlDesc, flags)) \
    CALL(int, -1, mlt_virt_domain_list_all_snapshots, virDomainListAllSnapshots, (virDomainPtr domain, virDomainSnapshotPtr **snaps, unsigned int flags), (domain, snaps, flags)) \
    CALL(int, -1, mlt_virt_domain_snapshot_num, virDomainSnapshotNum, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(virDomainSnapshotPtr, NULL, mlt_virt_domain_snapshot_lookup_by_name, virDomainSnapshotLookupByName, (virDomainPtr domain, const char *name, unsigned int flags), (domain, name, flags)) \
    CALL(virDomainSnapshotPtr, NULL, mlt_virt_domain_snapshot_current, virDomainSnapshotCurrent, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(int, -1, mlt_virt_domain_has_current_snapshot, virDomainHasCurrentSnapshot, (virDomainPtr domain, unsigned int flags), (domain, flags)) \
    CALL(const char *, NULL, mlt_virt_domain_snapshot_get_name, virDomainSnapshotGetName, (virDomainSnapshotPtr snapshot), (snapshot)) \
    CALL(char *, NULL, mlt_virt_domain_snapshot_get_xml_desc, virDomainSnapshotGetXMLDesc, (virDomainSnapshotPtr snapshot, unsigned int flags), (snapshot, flags)) \
    CALL(virDomainSnapshotPtr, NULL, mlt_virt_domain_snapshot_get_parent, virDomainSnapshotGetParent, (virDomainSnapshotPtr snapshot, unsigned int flags), (snapshot, flags)) \
    CALL(int, -1, mlt_virt_domain_snapshot_num_children, virDomainSnapshotNumChildren, (virDomainSnapshotPtr snapshot, unsigned int flags), (snapshot, flags)) \
    CALL(int, -1, mlt_virt_domain_revert_to_snapshot, virDomainRevertToSnapshot, (virDomainSnapshotPtr snapshot, unsigned int flags), (snapshot, flags)) \
    CALL(int, -1, mlt_virt_domain_snapshot_delete, virDomainSnapshotDelete, (virDomainSnapshotPtr snapshot, unsigned int flags), (snapshot, flags)) \
    CALL(int, -1, mlt_virt_domain_snapshot_free, virDomainSnapshotFree, (virDomainSnapshotPtr snapshot), (snapshot)) \
    /* Pools */ \
    CALL(int, -1, mlt_virt_connect_list_all_storage_pools, virConnectListAllStoragePools, (virConnectPtr conn, virStoragePoolPtr **pools, unsigned int flags), (conn, pools, flags)) \
    CALL(virStoragePoolPtr, NULL, mlt_virt_storage_pool_lookup_by_name, virStoragePoolLookupByName, (virConnectPtr conn, const char *name), (conn, name)) \
    CALL(virStoragePoolPtr, NULL, mlt_virt_storage_pool_lookup_by_uuid_string, virStoragePoolLookupByUUIDString, (virConnectPtr conn, const char *uuid), (conn, uuid)) \
    CALL(virStoragePoolPtr, NULL, mlt_virt_storage_pool_lookup_by_volume, virStoragePoolLookupByVolume, (virStorageVolPtr vol), (vol)) \
    CALL(virStoragePoolPtr, NULL, mlt_virt_storage_pool_lookup_by_target_path, virStoragePoolLookupByTargetPath, (virConnectPtr conn, const char *path), (conn, path)) \
    CALL(int, -1, mlt_virt_storage_pool_free, virStoragePoolFree, (virStoragePoolPtr pool), (pool)) \
    CALL(const char *, NULL, mlt_virt_storage_pool_get_name, virStoragePoolGetName, (virStoragePoolPtr pool), (pool)) \
    CALL(int, -1, mlt_virt_storage_pool_get_uuid_string, virStoragePoolGetUUIDString, (virStoragePoolPtr pool, char *buf), (pool, buf)) \
    CALL(int, -1, mlt_virt_storage_pool_get_info, virStoragePoolGetInfo, (virStoragePoolPtr vol, virStoragePoolInfoPtr info), (vol, info)) \
    CALL(char *, NULL, mlt_virt_storage_pool_get_xml_desc, virStoragePoolGetXMLDesc, (virStoragePoolPtr pool, unsigned int flags), (pool, flags)) \
    CALL(int, -1, mlt_virt_storage_pool_is_active, virStoragePoolIsActive, (virStoragePoolPtr pool), (pool)) \
    CALL(int, -1, mlt_virt_storage_pool_is_persistent, virStoragePoolIsPersistent, (virStoragePoolPtr pool), (pool)) \
    CALL(int, -1, mlt_virt_storage_pool_get_autostart, virStoragePoolGetAutostart, (virStoragePoolPtr pool, int *autostart), (pool, autostart)) \
    CALL(int, -1, mlt_virt_storage_pool_set_autostart, virStoragePoolSetAutostart, (virStoragePoolPtr pool, int autostart), (pool, autostart)) \
    CALL(int, -1, mlt_virt_storage_pool_refresh, virStoragePoolRefresh, (virStoragePoolPtr pool, unsigned int flags), (pool, flags)) \
    CALL(virStoragePoolPtr, NULL, mlt_virt_storage_pool_define_xml, virStoragePoolDefineXML, (virConnectPtr conn, const char *xmlDesc, unsigned int flags), (conn, xmlDesc, flags)) \
    CALL(int, -1, mlt_virt_storage_pool_build, virStoragePoolBuild, (virStoragePoolPtr pool, unsigned int flags), (pool, flags)) \
    CALL(int, -1, mlt_virt_storage_pool_create, virStoragePoolCreate, (virStoragePoolPtr pool, unsigned int flags), (pool, flags)) \
    CALL(int, -1, mlt_virt_storage_pool_destroy, virStoragePoolDestroy, (virStoragePoolPtr pool), (pool)) \
    CALL(int, -1, mlt_virt_storage_pool_undefine, virStoragePoolUndefine, (virStoragePoolPtr pool), (pool)) \
    CALL(int, -1, mlt_virt_storage_pool_list_all_volumes, virStoragePoolListAllVolumes, (virStoragePoolPtr pool, virStorageVolPtr **vols, unsigned int flags), (pool, vols, flags)) \
    CALL(int, -1, mlt_virt_storage_pool_num_of_volumes, virStoragePoolNumOfVolumes, (virStoragePoolPtr pool), (pool)) \
    /* Volumes */ \
    CALL(virStorageVolPtr, NULL, mlt_virt_storage_vol_lookup_by_name, virStorageVolLookupByName, (virStoragePoolPtr pool, const char *name), (pool, name)) \
    CALL(virStorageVolPtr, NULL, mlt_virt_storage_vol_lookup_by_path, virStorageVolLookupByPath, (virConnectPtr conn, const char *path), (conn, path)) \
    CALL(int, -1, mlt_virt_storage_vol_free, virStorageVolFree, (virStorageVolPtr vol), (vol)) \
    CALL(const char *, NULL, mlt_virt_storage_vol_get_name, virStorageVolGetName, (virStorageVolPtr vol), (vol)) \
    CALL(const char *, NULL, mlt_virt_storage_vol_get_key, virStorageVolGetKey, (virStorageVolPtr vol), (vol)) \
    CALL(char *, NULL, mlt_virt_storage_vol_get_path, virStorageVolGetPath, (virStorageVolPtr vol), (vol)) \
    CALL(int, -1, mlt_virt_storage_vol_get_info, virStorageVolGetInfo, (virStorageVolPtr vol, virStorageVolInfoPtr info), (vol, info)) \
    CALL(int, -1, mlt_virt_storage_vol_get_info_flags, virStorageVolGetInfoFlags, (virStorageVolPtr vol, virStorageVolInfoPtr info, unsigned int flags), (vol, info, flags)) \
    CALL(char *, NULL, mlt_virt_storage_vol_get_xml_desc, virStorageVolGetXMLDesc, (virStorageVolPtr pool, unsigned int flags), (pool, flags)) \
    CALL(virStorageVolPtr, NULL, mlt_virt_storage_vol_create_xml, virStorageVolCreateXML, (virStoragePoolPtr pool, const char *xmldesc, unsigned int flags), (pool, xmldesc, flags)) \
    CALL(virStorageVolPtr, NULL, mlt_virt_storage_vol_create_xml_from, virStorageVolCreateXMLFrom, (virStoragePoolPtr pool, const char *xmldesc, virStorageVolPtr clonevol, unsigned int flags), (pool, xmldesc, clonevol, flags)) \
    CALL(int, -1, mlt_virt_storage_vol_delete, virStorageVolDelete, (virStorageVolPtr vol, unsigned int flags), (vol, flags)) \
    CALL(int, -1, mlt_virt_storage_vol_resize, virStorageVolResize, (virStorageVolPtr vol, unsigned long long capacity, unsigned int flags), (vol, capacity, flags)) \
    CALL(int, -1, mlt_virt_storage_vol_upload, virStorageVolUpload, (virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset, unsigned long long length, unsigned int flags), (vol, stream, offset, length, flags)) \
    CALL(int, -1, mlt_virt_storage_vol_download, virStorageVolDownload, (virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset, unsigned long long length, unsigned int flags), (vol, stream, offset, length, flags)) \
    /* Streams */ \
    CALL(virStreamPtr, NULL, mlt_virt_stream_new, virStreamNew, (virConnectPtr conn, unsigned int flags), (conn, flags)) \
    CALL(int, -1, mlt_virt_stream_free, virStreamFree, (virStreamPtr st), (st)) \
    CALL(int, -1, mlt_virt_stream_send, virStreamSend, (virStreamPtr st, const char *data, size_t nbytes), (st, data, nbytes)) \
    CALL(int, -1, mlt_virt_stream_recv, virStreamRecv, (virStreamPtr st, char *data, size_t nbytes), (st, data, nbytes)) \
    CALL(int, -1, mlt_virt_stream_finish, virStreamFinish, (virStreamPtr st), (st)) \
    CALL(int, -1, mlt_virt_stream_abort, virStreamAbort, (virStreamPtr st), (st)) \
    /* Networks */ \
    CALL(int, -1, mlt_virt_connect_list_all_networks, virConnectListAllNetworks, (virConnectPtr conn, virNetworkPtr **nets, unsigned int flags), (conn, nets, flags)) \
    CALL(virNetworkPtr, NULL, mlt_virt_network_lookup_by_name, virNetworkLookupByName, (virConnectPtr conn, const char *name), (conn, name)) \
    CALL(virNetworkPtr, NULL, mlt_virt_network_lookup_by_uuid_string, virNetworkLookupByUUIDString, (virConnectPtr conn, const char *uuid), (conn, uuid)) \
    CALL(int, -1, mlt_virt_network_free, virNetworkFree, (virNetworkPtr network), (network)) \
    CALL(const char *, NULL, mlt_virt_network_get_name, virNetworkGetName, (virNetworkPtr network), (network)) \
    CALL(int, -1, mlt_virt_network_get_uuid_string, virNetworkGetUUIDString, (virNetworkPtr network, char *buf), (network, buf)) \
    CALL(char *, NULL, mlt_virt_network_get_bridge_name, virNetworkGetBridgeName, (virNetworkPtr network), (network)) \
    CALL(char *, NULL, mlt_virt_network_get_xml_desc, virNetworkGetXMLDesc, (virNetworkPtr network, unsigned int flags), (network, flags)) \
    CALL(int, -1, mlt_virt_network_is_active, virNetworkIsActive, (virNetworkPtr net), (net)) \
    CALL(int, -1, mlt_virt_network_is_persistent, virNetworkIsPersistent, (virNetworkPtr net), (net)) \
    CALL(int, -1, mlt_virt_network_get_autostart, virNetworkGetAutostart, (virNetworkPtr network, int *autostart), (network, autostart)) \
    CALL(virNetworkPtr, NULL, mlt_virt_network_define_xml, virNetworkDefineXML, (virConnectPtr conn, const char *xmlDesc), (conn, xmlDesc)) \
    CALL(int, -1, mlt_virt_network_create, virNetworkCreate, (virNetworkPtr network), (network)) \
    CALL(int, -1, mlt_virt_network_destroy, virNetworkDestroy, (virNetworkPtr network), (network)) \
    CALL(int, -1, mlt_virt_network_undefine, virNetworkUndefine, (virNetworkPtr network), (network)) \
    CALL(int, -1, mlt_virt_network_get_dhcp_leases, virNetworkGetDHCPLeases, (virNetworkPtr network, const char *mac, virNetworkDHCPLeasePtr **leases, unsigned int flags), (network, mac, leases, flags)) \
    VOID(mlt_virt_network_dhcp_lease_free, virNetworkDHCPLeaseFree, (virNetworkDHCPLeasePtr lease), (lease))
// clang-format on
