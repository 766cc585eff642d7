#Requires -Version 5.1
<#
.SYNOPSIS
    Takes windows_exporter off this machine again, with the firewall rule that Install-WindowsExporter.ps1 made.

.DESCRIPTION
    What that script did not install stays, unless -Force says otherwise. A second run finds nothing to do and says so.

.PARAMETER Force
    Removes a windows_exporter that was not installed by Install-WindowsExporter.ps1, too.

.EXAMPLE
    .\Uninstall-WindowsExporter.ps1 -WhatIf

    Says what would be removed, changes nothing.
#>
[CmdletBinding(SupportsShouldProcess = $true, ConfirmImpact = 'Medium')]
param(
    [switch] $Force
)

Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$RuleName = 'martlet-windows-exporter'
$StateKey = 'HKLM:\SOFTWARE\martlet\WindowsExporter'

function Write-Step {
    param([string] $Text)
    Write-Host "Uninstall-WindowsExporter: $Text"
}

function Stop-Run {
    param([string] $Text)
    throw "Uninstall-WindowsExporter: $Text"
}

function Get-Installed {
    $keys = @('HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Uninstall\*', 'HKLM:\SOFTWARE\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall\*')
    foreach ($entry in @(Get-ItemProperty -Path $keys -ErrorAction SilentlyContinue)) {
        $name = $entry.PSObject.Properties['DisplayName']
        if (($null -ne $name) -and ($name.Value -eq 'windows_exporter')) {
            return [pscustomobject] @{ Version = $entry.DisplayVersion; ProductCode = $entry.PSChildName }
        }
    }
    return $null
}

# A folder that is made closed: nobody but administrators and the system gets in at any moment, and no ordinary account is its owner, who
# could open it.
function New-WorkFolder {
    $folder = Join-Path $env:SystemRoot ('Temp\martlet-' + [guid]::NewGuid().ToString('N'))
    $administrators = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-32-544'
    $system = New-Object System.Security.Principal.SecurityIdentifier 'S-1-5-18'
    $security = New-Object System.Security.AccessControl.DirectorySecurity
    $security.SetAccessRuleProtection($true, $false)
    $security.SetOwner($administrators)
    foreach ($who in @($administrators, $system)) {
        $rule = New-Object System.Security.AccessControl.FileSystemAccessRule($who, 'FullControl', 'ContainerInherit, ObjectInherit', 'None', 'Allow')
        $security.AddAccessRule($rule)
    }
    # The same call is in two places: one of Windows PowerShell 5.1, one of PowerShell 7.
    if ($PSVersionTable.PSVersion.Major -ge 6) {
        [System.IO.FileSystemAclExtensions]::Create((New-Object System.IO.DirectoryInfo $folder), $security)
    }
    else {
        [void] [System.IO.Directory]::CreateDirectory($folder, $security)
    }
    return $folder
}

$principal = New-Object System.Security.Principal.WindowsPrincipal([System.Security.Principal.WindowsIdentity]::GetCurrent())
if (-not $principal.IsInRole([System.Security.Principal.WindowsBuiltInRole]::Administrator)) {
    Stop-Run 'run this in a PowerShell that was started as administrator'
}

$changed = $false
$installed = Get-Installed
$isOurs = Test-Path -LiteralPath $StateKey
if (($null -ne $installed) -and (-not $isOurs) -and (-not $Force)) {
    Write-Step "windows_exporter $($installed.Version) was not installed by Install-WindowsExporter.ps1 and stays; -Force removes it"
}
elseif (($null -ne $installed) -and $PSCmdlet.ShouldProcess("windows_exporter $($installed.Version)", 'Uninstall')) {
    # The code comes from the registry and becomes part of a command line.
    if ($installed.ProductCode -notmatch '^\{[0-9A-Fa-f-]{36}\}$') {
        Stop-Run "'$($installed.ProductCode)' is no product code of the Windows Installer; remove windows_exporter in the settings of Windows"
    }
    $folder = New-WorkFolder
    $log = Join-Path $folder 'uninstall.log'
    $arguments = @('/x', $installed.ProductCode, '/qn', '/norestart', '/l*v', "`"$log`"")
    $process = Start-Process -FilePath "$env:SystemRoot\System32\msiexec.exe" -ArgumentList $arguments -Wait -PassThru
    switch ($process.ExitCode) {
        0 {
            Write-Step "windows_exporter $($installed.Version) is gone"
        }
        3010 {
            Write-Step "windows_exporter $($installed.Version) is gone after a restart of Windows"
        }
        1618 {
            Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
            Stop-Run 'another installation is running; wait for its end and run this again'
        }
        default {
            Stop-Run "the installer ended with code $($process.ExitCode); its log is $log"
        }
    }
    # After a failure the log stays where it is, closed to others.
    Remove-Item -LiteralPath $folder -Recurse -Force -ErrorAction SilentlyContinue
    $changed = $true
}

if ($null -ne (Get-NetFirewallRule -Name $RuleName -ErrorAction SilentlyContinue)) {
    if ($PSCmdlet.ShouldProcess($RuleName, 'Remove the firewall rule')) {
        Remove-NetFirewallRule -Name $RuleName
        Write-Step 'the firewall rule is gone'
        $changed = $true
    }
}

if ($isOurs -and $PSCmdlet.ShouldProcess($StateKey, 'Forget what was installed')) {
    Remove-Item -LiteralPath $StateKey -Recurse
    $changed = $true
}

if ((-not $changed) -and (-not $WhatIfPreference)) {
    Write-Step 'nothing was to be removed'
}
