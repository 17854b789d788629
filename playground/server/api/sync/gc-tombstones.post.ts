import { collectRoute } from '../../utils/collect-route'

export default collectRoute('gcTombstones', 'Tombstone GC')
