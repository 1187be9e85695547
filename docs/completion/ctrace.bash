# Completion of ctrace for bash.
_ctrace() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options
	COMPREPLY=()
	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W 'record view top pauses heap convert dump check symbolize recover sources help --help --version' -- "$word")
		return
	fi
	case $before in
	-o | --output | --assemble)
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
		return
		;;
	--sources)
		mapfile -t COMPREPLY < <(compgen -W 'bpf tracefs perf-sched perf-switch perf-samples sigprof preload spans locks asleep gc alloc resident -resident -alloc,-locks,-gc +alloc-full +alloc-stacks +faults none' -- "$word")
		return
		;;
	--sort)
		mapfile -t COMPREPLY < <(compgen -W 'cpu waiting runnable total self count p50 p99 max name' -- "$word")
		return
		;;
	--format)
		mapfile -t COMPREPLY < <(compgen -W 'chrome' -- "$word")
		return
		;;
	--port | --start | --end | --threads | --seconds | --categories | --buffer | --sample-hz | --flight | --flight-signal | --flight-rule | --flight-file)
		return
		;;
	esac
	case ${COMP_WORDS[1]} in
	record) options='--output --seconds --categories --sources --buffer --sample-hz --flight --flight-signal --flight-rule --flight-file --quiet --help' ;;
	sources) options='--check --write-ids --json --help' ;;
	recover) options='--output --alive --delete --json --quiet --help' ;;
	view) options='--port --max-memory --no-open --quiet --help' ;;
	top) options='--json --sort --rows --start --end --threads --max-memory --help' ;;
	pauses) options='--json --what --thread --process --window --rows --start --end --max-memory --help' ;;
	heap) options='--json --at --between --rows --help' ;;
	convert) options='--output --format --start --end --threads --strict --quiet --help' ;;
	dump) options='--stats --json --start --end --assemble --output --help' ;;
	symbolize) options='--output --quiet --help' ;;
	check) options='--json --quiet --help' ;;
	help)
		mapfile -t COMPREPLY < <(compgen -W 'record view top pauses heap convert dump check symbolize recover sources' -- "$word")
		return
		;;
	esac
	if [[ $word == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
	else
		compopt -o filenames
		mapfile -t COMPREPLY < <(compgen -f -- "$word")
	fi
}
complete -F _ctrace ctrace
