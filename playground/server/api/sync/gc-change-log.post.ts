import { collectRoute } from '../../utils/collect-route'

export default collectRoute('gcChangeLog', 'Change log GC')
