// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's half of `ringlet info`: the CPU, the kernel, and what the module
 * would refuse. The module decides for itself when it loads, from the control
 * registers; this looks at what user space can see of the same facts.
 */
#include <cpuid.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "info.h"

#define TEXT_MAX 8192

/**
 * struct host - what was found
 * @flags: the flags of the first CPU in /proc/cpuinfo
 */
struct host {
	char model[128];
	char vendor[32];
	char hypervisor[16];
	char flags[TEXT_MAX];
	struct utsname kernel;
};

/* Features that the module works with; the sentence says what each means here. */
static const struct {
	const char *flag;
	const char *name;
	const char *meaning;
} features[] = {
	{ "la57", "LA57", "5-level page tables: the guest's root has five levels too" },
	{ "smep", "SMEP", "switched off while a guest runs: ring 1 counts as supervisor" },
	{ "smap", "SMAP", "switched off while a guest runs, for the same reason" },
	{ "umip", "UMIP", "SGDT, SIDT, SLDT, STR and SMSW of the guest can be made to trap" },
	{ "pti", "PTI",
	  "the host's kernel has page tables of its own; the guest's are apart anyway" },
	{ "pcid", "PCID", "the TLB can be kept across a world switch" },
	{ "cpuid_fault", "CPUID faulting", "CPUID of the guest can be made to trap" },
	{ "pku", "PKU", "switched off while a guest runs" },
	{ "svm", "SVM", "not used by ringlet; the host's own KVM can use it" },
	{ "vmx", "VMX", "not used by ringlet; the host's own KVM can use it" },
};

/* A reason to refuse, if the CPU's flags have (or lack) a word. */
static const struct {
	const char *flag;
	bool must_have;
	const char *sentence;
} flag_reasons[] = {
	{ "nx", true, "no execute-disable (NX); switch it on in the firmware" },
	{ "fxsr", true, "no FXSR, which every 64-bit x86 CPU has" },
	{ "sse2", true, "no SSE2, which every 64-bit x86 CPU has" },
	{ "fred", false, "event delivery by FRED is active; boot with fred=off" },
	{ "user_shstk", false, "user shadow stacks (CET) are active; boot with nousershstk" },
	{ "lass", false, "linear address-space separation is active; boot with clearcpuid=lass" },
	{ "tdx_guest", false, "this is a confidential guest (TDX); use an ordinary one" },
};

bool flags_contain(const char *flags, const char *word)
{
	size_t length = strlen(word);

	for (const char *at = strstr(flags, word); at; at = strstr(at + 1, word)) {
		bool starts = at == flags || at[-1] == ' ' || at[-1] == '\t';
		char after = at[length];

		if (starts && (!after || after == ' ' || after == '\n'))
			return true;
	}
	return false;
}

bool choice_is(const char *line, const char *word)
{
	const char *open = strchr(line, '[');
	size_t length = strlen(word);

	return open && !strncmp(open + 1, word, length) && open[1 + length] == ']';
}

/* Return: false, and an empty text, if there is no such file. */
static bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length;

	text[0] = '\0';
	if (!file)
		return false;
	length = fread(text, 1, size - 1, file);
	text[length] = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return true;
}

/* A line "key : value" of /proc/cpuinfo. */
static void take_cpuinfo_line(const char *line, const char *key, char *value, size_t size)
{
	const char *colon = strchr(line, ':');

	if (value[0] || strncmp(line, key, strlen(key)) || !colon)
		return;
	snprintf(value, size, "%s", colon[1] == ' ' ? colon + 2 : colon + 1);
	value[strcspn(value, "\n")] = '\0';
}

static void read_cpuinfo(struct host *host)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		return;
	while (getline(&line, &size, file) > 0) {
		take_cpuinfo_line(line, "model name", host->model, sizeof(host->model));
		take_cpuinfo_line(line, "vendor_id", host->vendor, sizeof(host->vendor));
		take_cpuinfo_line(line, "flags", host->flags, sizeof(host->flags));
	}
	free(line);
	fclose(file);
}

static void read_hypervisor(struct host *host)
{
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & 1u << 31))
		return;
	__cpuid(0x40000000, eax, ebx, ecx, edx);
	memcpy(host->hypervisor, &ebx, 4);
	memcpy(host->hypervisor + 4, &ecx, 4);
	memcpy(host->hypervisor + 8, &edx, 4);
}

static void print_reason(unsigned int *count, const char *sentence)
{
	if (!(*count)++)
		puts("\nThe module would refuse this machine:");
	printf("  - %s\n", sentence);
}

static bool is_xen_pv(void)
{
	char type[32], guest[32];

	return read_text("/sys/hypervisor/type", type, sizeof(type)) && !strcmp(type, "xen") &&
	       read_text("/sys/hypervisor/guest_type", guest, sizeof(guest)) &&
	       !strcmp(guest, "PV");
}

/*
 * The flag ibt says that the CPU could; whether the kernel does says its
 * configuration (Debian 12's does not). The boot option clears the flag.
 */
static bool tracks_branches(const struct host *host)
{
	char path[128], line[256];
	bool configured = false;
	FILE *file;

	if (!flags_contain(host->flags, "ibt"))
		return false;
	snprintf(path, sizeof(path), "/boot/config-%s", host->kernel.release);
	file = fopen(path, "re");
	if (!file)
		return true;
	while (fgets(line, sizeof(line), file))
		configured |= !strcmp(line, "CONFIG_X86_KERNEL_IBT=y\n");
	fclose(file);
	return configured;
}

static unsigned int print_reasons(const struct host *host)
{
	unsigned int count = 0, major = 0, minor = 0;

	if (strcmp(host->kernel.machine, "x86_64"))
		print_reason(&count, "the host's kernel is not a 64-bit x86 one; install that");
	if (sscanf(host->kernel.release, "%u.%u", &major, &minor) == 2 &&
	    (major < 6 || (major == 6 && minor < 1)))
		print_reason(&count,
			     "the host's kernel is older than 6.1; install Debian 12 or later");
	if (is_xen_pv())
		print_reason(&count,
			     "this is a Xen PV domain, whose kernel does not have ring 0; use "
			     "HVM or PVH");
	if (tracks_branches(host))
		print_reason(&count, "indirect-branch tracking (CET) is active; boot with ibt=off");
	for (size_t i = 0; i < sizeof(flag_reasons) / sizeof(flag_reasons[0]); i++)
		if (flags_contain(host->flags, flag_reasons[i].flag) != flag_reasons[i].must_have)
			print_reason(&count, flag_reasons[i].sentence);
	return count;
}

/* Not the module's reasons, but those of the kernel that is to load it. */
static void print_obstacles(void)
{
	char lockdown[128];

	if (read_text("/sys/kernel/security/lockdown", lockdown, sizeof(lockdown)) &&
	    !choice_is(lockdown, "none"))
		puts("\nThis kernel is locked down (Secure Boot) and loads only signed modules: sign\n"
		     "ringlet.ko, or switch Secure Boot off.");
}

static void print_memlock(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return;
	if (!geteuid() || limit.rlim_max == RLIM_INFINITY)
		puts("locked memory  unlimited");
	else
		printf("locked memory  %llu KiB (ulimit -l); a guest's memory counts as it is touched\n",
		       (unsigned long long)limit.rlim_max >> 10);
}

static void print_features(const struct host *host)
{
	puts("features");
	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if (flags_contain(host->flags, features[i].flag))
			printf("  %-14s %s\n", features[i].name, features[i].meaning);
}

unsigned int info_host(void)
{
	static struct host host;
	unsigned int reasons;

	memset(&host, 0, sizeof(host));
	uname(&host.kernel);
	read_cpuinfo(&host);
	read_hypervisor(&host);

	printf("kernel         %s %s\n", host.kernel.release, host.kernel.machine);
	printf("CPU            %s (%s)\n", host.model[0] ? host.model : "unknown",
	       host.vendor[0] ? host.vendor : "unknown vendor");
	if (host.hypervisor[0])
		printf("runs under     %.12s\n", host.hypervisor);
	print_memlock();
	print_features(&host);
	reasons = print_reasons(&host);
	if (!reasons)
		puts("\nThe module would not refuse this machine, as far as a program can see.");
	print_obstacles();
	return reasons;
}
